#include "settings/parse_toml.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <utility>

#include "base/wipe.h"

namespace weir::settings {
namespace {

Place place_of(const toml::source_region& region, const std::string& file) {
    const auto& begin = region.begin;
    return {fmt::format("{}:{}:{}", file, begin.line, begin.column), begin.line, begin.column};
}

Node node_of(const toml::node& source, const std::string& file);

Node table_of(const toml::table& source, const std::string& file) {
    Node table;
    for (const auto& [key, value] : source) {
        Node child = node_of(value, file);
        child.name = key.str();
        child.name_place = place_of(key.source(), file);
        table.children.push_back(std::move(child));
    }
    return table;
}

Node node_of(const toml::node& source, const std::string& file) {
    Node node;
    if (const auto* table = source.as_table()) {
        node = table_of(*table, file);
    } else if (const auto* list = source.as_array()) {
        node.kind = Node::Kind::list;
        for (const auto& item : *list) node.children.push_back(node_of(item, file));
    } else if (const auto* text = source.as_string()) {
        node.kind = Node::Kind::text;
        node.text = text->get();
    } else if (const auto* integer = source.as_integer()) {
        node.kind = Node::Kind::integer;
        node.integer = integer->get();
    } else if (const auto* real = source.as_floating_point()) {
        node.kind = Node::Kind::real;
        node.real = real->get();
    } else if (const auto* boolean = source.as_boolean()) {
        node.kind = Node::Kind::boolean;
        node.boolean = boolean->get();
    } else {
        node.kind = Node::Kind::date;
    }
    node.place = place_of(source.source(), file);
    return node;
}

// The parser's own copies of what may be secrets.
void wipe(toml::node& source) {
    if (auto* table = source.as_table()) {
        for (auto&& [key, value] : *table) wipe(value);
    } else if (auto* list = source.as_array()) {
        for (auto& item : *list) wipe(item);
    } else if (auto* text = source.as_string()) {
        base::wipe(text->get());
    }
}

}  // namespace

base::Result<Node, Problem> parse_toml(std::string_view text, const std::string& file) {
    try {
        toml::table table = toml::parse(text, file);
        Node root = table_of(table, file);
        wipe(table);
        root.place.text = file;
        return root;
    } catch (const toml::parse_error& error) {
        return tl::make_unexpected(
            Problem{place_of(error.source(), file).text, "", std::string(error.description())});
    }
}

}  // namespace weir::settings
