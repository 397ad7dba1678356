#include "settings/read.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "settings/key.h"
#include "settings/nearest.h"

namespace weir::settings {
namespace {

constexpr std::array usual_addresses{"127.0.0.1:6432", "127.0.0.1:6033", "127.0.0.1:6380"};

// Where else a key is at home: said when somebody wrote it into the wrong section.
std::string home_of(const std::string& key) {
    std::string home;
    visit_sections([&](const char* section, auto member) {
        using Of = SectionOf<decltype(member)>;
        const auto names = key_names<typename Of::Struct>();
        if (home.empty() && std::find(names.begin(), names.end(), key) != names.end()) {
            home = fmt::format(Of::repeated ? "[[{}]]" : "[{}]", section);
        }
    });
    return home;
}

void report_unknown(const Node& node, const std::string& key, const std::string& path,
                    const std::vector<std::string>& known, Report& report) {
    auto hint = did_you_mean(key, known);
    if (hint.empty()) {
        if (const auto home = home_of(key); !home.empty()) hint = "; it belongs to " + home;
    }
    report.add(node.name_place, path + "." + key, "unknown key" + hint);
}

// Reports what stands in `table` and is no key. `prefix` is that of an inline table: "tls.".
void check_names(const Node& table, const std::string& prefix, const std::string& path,
                 const std::vector<std::string>& known, Report& report) {
    for (const auto& child : table.children) {
        const auto key = prefix + child.name;
        if (std::find(known.begin(), known.end(), key) != known.end()) continue;
        const bool is_group = std::any_of(known.begin(), known.end(), [&](const auto& name) {
            return name.starts_with(key + ".");
        });
        if (!is_group) {
            report_unknown(child, key, path, known, report);
        } else if (child.kind != Node::Kind::table) {
            report.add(child.place, path + "." + key,
                       fmt::format("expected a table {{ … = … }}, got {}", child.described(true)));
        } else {
            check_names(child, key + ".", path, known, report);
        }
    }
}

template <class S>
S read_table(const Node& table, const std::string& path, const Environment& environment,
             Report& report) {
    S section;
    for (const auto& key : keys<S>()) {
        const auto* node = table.find(key.name);
        if (node == nullptr) continue;
        if (auto wrong = key.set(section, *node, environment)) {
            report.add(node->place, path + "." + key.name, std::move(*wrong));
        }
    }
    check_names(table, "", path, key_names<S>(), report);
    return section;
}

void check_sections(const Node& root, Report& report) {
    std::vector<std::string> known;
    visit_sections([&](const char* name, auto) { known.emplace_back(name); });
    for (const auto& child : root.children) {
        if (std::find(known.begin(), known.end(), child.name) != known.end()) continue;
        auto hint = did_you_mean(child.name, known);
        if (hint.empty()) {
            if (const auto home = home_of(child.name); !home.empty()) {
                hint = "; it belongs to " + home;
            }
        }
        report.add(child.name_place, child.name,
                   (child.kind == Node::Kind::table ? "unknown section" : "unknown key") + hint);
    }
}

bool is_set(const Node& root, const char* section, std::size_t index, std::string_view key) {
    const auto* items = root.find(section);
    if (items == nullptr || index >= items->children.size()) return false;
    const auto* node = items->children[index].find(key);
    return node != nullptr && !(node->is_text() && node->text.empty());
}

void complete(const Node& root, Settings& settings) {
    for (std::size_t i = 0; i < settings.listen.size(); ++i) {
        auto& listener = settings.listen[i];
        if (listener.name.empty()) listener.name = base::word(listener.engine);
        if (listener.address.empty()) {
            listener.address = usual_addresses[static_cast<std::size_t>(listener.engine)];
        }
        if (!is_set(root, "listen", i, "auth")) listener.auth = settings.auth.mode;
    }
    for (std::size_t i = 0; i < settings.pool.size(); ++i) {
        auto& pool = settings.pool[i];
        const auto upstream = std::find_if(
            settings.upstream.begin(), settings.upstream.end(),
            [&](const Upstream& candidate) { return candidate.name == pool.upstream; });
        if (upstream != settings.upstream.end() && upstream->engine == Engine::redis &&
            !is_set(root, "pool", i, "mode")) {
            pool.mode = PoolMode::multiplex;
        }
    }
}

}  // namespace

std::string item_path(std::string_view section, const Node& item, std::size_t index) {
    const auto* name = item.find("name");
    if (name != nullptr && name->is_text() && !name->text.empty()) {
        return fmt::format("{}.{}", section, name->text);
    }
    return fmt::format("{}[{}]", section, index + 1);
}

void name_listeners(Node& root) {
    auto* listeners = root.find("listen");
    if (listeners == nullptr || listeners->kind != Node::Kind::list) return;
    for (auto& listener : listeners->children) {
        if (listener.kind != Node::Kind::table) continue;
        const auto* name = listener.find("name");
        if (name != nullptr && !(name->is_text() && name->text.empty())) continue;
        const auto* engine = listener.find("engine");
        listener.put("name", Node::of_text(engine != nullptr && engine->is_text()
                                               ? engine->text
                                               : std::string(base::word(Engine::postgresql)),
                                           listener.place));
    }
}

void imply_listeners(Node& root) {
    const auto* upstreams = root.find("upstream");
    if (root.find("listen") != nullptr || upstreams == nullptr ||
        upstreams->kind != Node::Kind::list || upstreams->children.empty()) {
        return;
    }
    auto listeners = Node::list_at(upstreams->place);
    for (const auto engine : base::Words<Engine>::all) {
        const bool wanted = std::any_of(
            upstreams->children.begin(), upstreams->children.end(), [&](const Node& upstream) {
                const auto* said = upstream.find("engine");
                return said == nullptr ? engine == base::word(Engine::postgresql)
                                       : said->is_text() && said->text == engine;
            });
        if (!wanted) continue;
        Node listener;
        listener.place = upstreams->place;
        listener.put("engine", Node::of_text(std::string(engine), upstreams->place));
        listeners.children.push_back(std::move(listener));
    }
    root.put("listen", std::move(listeners));
}

Settings read_settings(const Node& root, const Environment& environment, Report& report) {
    Settings settings;
    check_sections(root, report);
    visit_sections([&](const char* name, auto member) {
        using Of = SectionOf<decltype(member)>;
        using S = typename Of::Struct;
        const auto* section = root.find(name);
        if (section == nullptr) return;
        constexpr auto wanted = Of::repeated ? Node::Kind::list : Node::Kind::table;
        if (section->kind != wanted) {
            report.add(section->place, name,
                       fmt::format(Of::repeated ? "expected [[{}]], a list of tables, got {}"
                                                : "expected [{}], one table, got {}",
                                   name, section->described(true)));
            return;
        }
        if constexpr (Of::repeated) {
            for (std::size_t i = 0; i < section->children.size(); ++i) {
                const auto& item = section->children[i];
                // An item that is no table keeps its place, so that the indices stay those of the
                // tree.
                (settings.*member)
                    .push_back(read_table<S>(item, item_path(name, item, i), environment, report));
                if (item.kind != Node::Kind::table) {
                    report.add(item.place, fmt::format("{}[{}]", name, i + 1),
                               fmt::format("expected a table, got {}", item.described(true)));
                }
            }
        } else {
            settings.*member = read_table<S>(*section, name, environment, report);
        }
    });
    complete(root, settings);
    return settings;
}

}  // namespace weir::settings
