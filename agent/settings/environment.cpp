#include "settings/environment.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "settings/key.h"
#include "settings/nearest.h"

extern char** environ;

namespace weir::settings {
namespace {

constexpr std::string_view prefix = "WEIR_";
constexpr std::string_view admin_url = "WEIR_ADMIN";  // where the commands find the agent

std::string upper(std::string_view text) {
    std::string name;
    for (const char c : text) {
        const bool lower = c >= 'a' && c <= 'z';
        const bool plain = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        name += lower ? static_cast<char>(c - 'a' + 'A') : plain ? c : '_';
    }
    return name;
}

Place place_of(const std::string& name) { return {"environment " + name}; }

// "PORT", "PORT_6432_TCP", "PORT_6432_TCP_ADDR", "SERVICE_HOST", "SERVICE_PORT",
// "SERVICE_PORT_PGSQL".
bool is_service_link(std::string_view text) {
    if (text == "PORT" || text == "SERVICE_HOST" || text.starts_with("SERVICE_PORT")) return true;
    if (!text.starts_with("PORT_")) return false;
    text.remove_prefix(std::string_view("PORT_").size());
    const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(digits);
    return digits > 0 &&
           (text.starts_with("_TCP") || text.starts_with("_UDP") || text.starts_with("_SCTP"));
}

// Kubernetes describes every service of the namespace to every container. One called "weir" gives
// WEIR_PORT and WEIR_SERVICE_HOST, one called "weir-admin" WEIR_ADMIN_PORT_9630_TCP.
bool is_kubernetes(std::string_view name) {
    name.remove_prefix(prefix.size());
    if (name == "PORT" || name.starts_with("PORT_") || name.starts_with("SERVICE_")) return true;
    for (auto at = name.find('_'); at != std::string_view::npos; at = name.find('_', at + 1)) {
        if (is_service_link(name.substr(at + 1))) return true;
    }
    return false;
}

// The names that secrets read: { env = "WEIR_DATABASE_PASSWORD" } gives that name a meaning.
void collect_sources(const Node& node, std::set<std::string>& names) {
    for (const auto& child : node.children) {
        if (child.name == "env" && child.is_text()) names.insert(child.text);
        collect_sources(child, names);
    }
}

}  // namespace

Environment process_environment() {
    Environment environment;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const auto equals = text.find('=');
        if (equals == std::string_view::npos) continue;
        environment.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    return environment;
}

std::string environment_name(std::string_view section, std::string_view item,
                             std::string_view key) {
    return std::string(prefix) + upper(section) + "_" + (item.empty() ? "" : upper(item) + "_") +
           upper(key);
}

void Overrides::apply(Node& root, std::string_view section, Report& report) {
    visit_sections([&](std::string_view name, auto member) {
        if (name != section) return;
        using Of = SectionOf<decltype(member)>;
        const auto names = key_names<typename Of::Struct>();
        if constexpr (!Of::repeated) {
            Node* table = root.find(section);
            Node made;
            override_item(table == nullptr ? made : *table, section, "", names, report);
            if (table == nullptr && !made.children.empty()) {
                made.place = made.children.front().place;
                root.put(section, std::move(made));
            }
            return;
        }
        Node* items = root.find(section);
        if (items == nullptr || items->kind != Node::Kind::list) return;
        for (auto& item : items->children) {
            const auto* item_name = item.find("name");
            if (item_name == nullptr || !item_name->is_text() || item_name->text.empty()) continue;
            override_item(item, section, std::string(item_name->text), names, report);
        }
    });
}

void Overrides::override_item(Node& item, std::string_view section, std::string_view name,
                              const std::vector<std::string>& keys, Report& report) {
    for (const auto& key : keys) {
        if (!name.empty() && key == "name") continue;  // it is what the others are found by
        const auto variable = environment_name(section, name, key);
        known_.push_back(variable);
        const auto found = environment_.find(variable);
        if (found == environment_.end() || item.kind != Node::Kind::table) continue;
        if (!used_.insert(variable).second) {
            report.add(place_of(variable), fmt::format("{}.{}.{}", section, name, key),
                       "means more than one key: give the items names that differ in letters");
        }
        auto value = Node::of_text(found->second, place_of(variable));
        value.kind = Node::Kind::environment;
        item.put(key, std::move(value));
    }
}

void Overrides::report_unused(const Node& root, Report& report) const {
    std::set<std::string> meant = used_;
    collect_sources(root, meant);
    for (const auto& [name, value] : environment_) {
        if (!name.starts_with(prefix) || name == admin_url || meant.contains(name) ||
            is_kubernetes(name)) {
            continue;
        }
        report.add(place_of(name), "", "means nothing here" + did_you_mean(name, known_));
    }
}

}  // namespace weir::settings
