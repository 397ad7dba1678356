#include "settings/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "settings/read.h"

namespace weir::settings {

const Node* Checks::item(std::string_view section, std::size_t index) const {
    const auto* items = root_.find(section);
    if (items == nullptr || items->kind != Node::Kind::list) return nullptr;
    return index < items->children.size() ? &items->children[index] : nullptr;
}

Checks::Spot Checks::spot(std::string_view section, std::size_t index, std::string_view key) const {
    const auto* table = item(section, index);
    if (table == nullptr) return {root_.place, fmt::format("{}[{}]", section, index + 1)};
    auto path = item_path(section, *table, index);
    if (!key.empty()) path += fmt::format(".{}", key);
    const auto* node = table->find(key);
    return {node == nullptr ? table->place : node->place, std::move(path)};
}

void Checks::error(std::string_view section, std::string_view key, std::string message) {
    const auto path = key.empty() ? std::string(section) : fmt::format("{}.{}", section, key);
    if (errors_.has(path)) return;
    const auto* table = root_.find(section);
    const auto* node = table == nullptr ? nullptr : table->find(key);
    const Place& place = node != nullptr    ? node->place
                         : table != nullptr ? table->place
                                            : root_.place;
    errors_.add(place, path, std::move(message));
}

void Checks::error(std::string_view section, std::size_t index, std::string_view key,
                   std::string message) {
    auto where = spot(section, index, key);
    if (!errors_.has(where.path)) {
        errors_.add(where.place, std::move(where.path), std::move(message));
    }
}

void Checks::warning(std::string_view section, std::size_t index, std::string_view key,
                     std::string message) {
    auto where = spot(section, index, key);
    warnings_.add(where.place, std::move(where.path), std::move(message));
}

bool Checks::sound(std::string_view section, std::size_t index, std::string_view key) const {
    return !errors_.has(spot(section, index, key).path);
}

bool Checks::is_set(std::string_view section, std::size_t index, std::string_view key) const {
    const auto* table = item(section, index);
    const auto* node = table == nullptr ? nullptr : table->find(key);
    return node != nullptr && !(node->is_text() && node->text.empty());
}

std::string wrong_with_name(std::string_view name) {
    constexpr std::string_view allowed =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    if (name.empty()) return "a name is required";
    if (name.size() > 63 || name.find_first_not_of(allowed) != std::string_view::npos) {
        return "a name has 1 to 63 letters, digits, \"_\", \".\" and \"-\"";
    }
    return {};
}

const Upstream* upstream_of(const Settings& settings, const Pool& pool) {
    const auto found =
        std::find_if(settings.upstream.begin(), settings.upstream.end(),
                     [&](const Upstream& upstream) { return upstream.name == pool.upstream; });
    return found == settings.upstream.end() ? nullptr : &*found;
}

}  // namespace weir::settings
