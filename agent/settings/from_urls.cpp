#include "settings/from_urls.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "settings/nearest.h"
#include "settings/settings.h"
#include "settings/url.h"

namespace weir::settings {
namespace {

struct Scheme {
    std::string_view name;
    Engine engine;
    std::string_view port;
};
constexpr std::array schemes{Scheme{"postgres", Engine::postgresql, "5432"},
                             Scheme{"postgresql", Engine::postgresql, "5432"},
                             Scheme{"mysql", Engine::mysql, "3306"},
                             Scheme{"redis", Engine::redis, "6379"}};

const std::vector<std::string> known_parameters{"host", "port", "sslmode"};

Node& table_in(Node& root, std::string_view section, const Place& place) {
    if (root.find(section) == nullptr) root.put(section, Node::list_at(place));
    auto& items = root.find(section)->children;
    Node table;
    table.place = place;
    items.push_back(std::move(table));
    return items.back();
}

std::string parameter(const Url& url, const std::string& name, std::string_view otherwise) {
    const auto found = url.parameters.find(name);
    return found == url.parameters.end() ? std::string(otherwise) : found->second;
}

std::string address_of(const Url& url, const Scheme& scheme) {
    const auto host = parameter(url, "host", url.host.empty() ? "127.0.0.1" : url.host);
    const auto port =
        parameter(url, "port", url.port.empty() ? scheme.port : std::string_view(url.port));
    if (!host.starts_with('/')) return host + ":" + port;
    if (scheme.engine != Engine::postgresql) return host;
    return host + "/.s.PGSQL." + port;  // libpq's way: the parameter is the folder
}

// libpq's words for sslmode that Weir has no word for: it never downgrades "allow" to less.
std::string tls_mode_of(const std::string& sslmode) {
    return sslmode == "allow" ? "prefer" : sslmode;
}

bool same_text(const Node& table, std::string_view key, const std::string& text) {
    const auto* node = table.find(key);
    return node != nullptr && node->text == text;
}

// The same account on two engines is one [[user]] with both pools.
void add_user(Node& root, const Url& url, const std::string& user, const std::string& pool,
              const Place& place, Report& report) {
    Node entry = Node::of_text(pool, place);
    if (auto* users = root.find("user"); users != nullptr) {
        for (auto& known : users->children) {
            if (!same_text(known, "name", user)) continue;
            if (!same_text(known, "password", url.password)) {
                report.add(place, "user." + user,
                           "two URLs give this user different passwords: write a file instead");
            }
            known.find("pools")->children.push_back(std::move(entry));
            return;
        }
    }
    auto& table = table_in(root, "user", place);
    table.put("name", Node::of_text(user, place));
    table.put("password", Node::of_text(url.password, place));
    auto pools = Node::list_at(place);
    pools.children.push_back(std::move(entry));
    table.put("pools", std::move(pools));
}

void add_url(Node& root, const Url& url, const Scheme& scheme, const Place& place, Report& report) {
    const std::string name(base::word(scheme.engine));
    const auto text = [&](std::string value) { return Node::of_text(std::move(value), place); };
    if (const auto* upstreams = root.find("upstream"); upstreams != nullptr) {
        for (const auto& known : upstreams->children) {
            if (!same_text(known, "name", name)) continue;
            report.add(place, "",
                       fmt::format("only one URL an engine: two of {} need a file", name));
            return;
        }
    }
    for (const auto& [key, value] : url.parameters) {
        if (std::find(known_parameters.begin(), known_parameters.end(), key) ==
            known_parameters.end()) {
            report.add(place, "",
                       fmt::format("unknown parameter \"{}\"{}", key,
                                   did_you_mean(key, known_parameters)));
        }
    }
    const bool open = scheme.engine == Engine::redis && url.password.empty();
    if (!open && (url.user.empty() || url.password.empty()) && scheme.engine != Engine::redis) {
        report.add(place, "", "needs a user and a password: clients log in with them");
        return;
    }
    const auto user = scheme.engine == Engine::redis && url.user.empty() ? "default" : url.user;

    auto& upstream = table_in(root, "upstream", place);
    upstream.put("name", text(name));
    upstream.put("engine", text(name));
    upstream.put("address", text(address_of(url, scheme)));
    if (const auto mode = parameter(url, "sslmode", ""); !mode.empty()) {
        upstream.put("tls.mode", text(tls_mode_of(mode)));
    }
    auto& pool = table_in(root, "pool", place);
    pool.put("name", text(name));
    pool.put("upstream", text(name));
    pool.put("match", text("*"));
    pool.put("user", text(user));
    if (!open) pool.put("password", text(url.password));
    auto& listener = table_in(root, "listen", place);
    listener.put("engine", text(name));
    if (open) {
        // The server itself asks for no password, so neither can the listener: on loopback only.
        listener.put("auth", text(std::string(base::word(AuthMode::trust))));
    } else {
        add_user(root, url, user, name, place, report);
    }
}

}  // namespace

Node tree_of_urls(const std::vector<std::string>& urls, Report& report) {
    Node root;
    root.place.text = "command line";
    for (std::size_t i = 0; i < urls.size(); ++i) {
        const Place place{fmt::format("URL {}", i + 1)};
        const auto url = parse_url(urls[i]);
        if (!url) {
            report.add(place, "", url.error().message);
            continue;
        }
        const auto* const scheme =
            std::find_if(schemes.begin(), schemes.end(),
                         [&](const Scheme& known) { return known.name == url->scheme; });
        if (scheme == schemes.end()) {
            report.add(place, "", "expected postgres://, mysql:// or redis://");
            continue;
        }
        add_url(root, *url, *scheme, place, report);
    }
    return root;
}

}  // namespace weir::settings
