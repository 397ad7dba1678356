#include "settings/node.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/wipe.h"

namespace weir::settings {
namespace {

std::pair<std::string_view, std::string_view> split_at_dot(std::string_view path) {
    const auto dot = path.find('.');
    if (dot == std::string_view::npos) return {path, {}};
    return {path.substr(0, dot), path.substr(dot + 1)};
}

std::string in_quotes(std::string_view text) {
    constexpr std::size_t longest = 60;
    std::string quote = "\"";
    for (const char c : text.substr(0, longest)) {
        quote += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    }
    return quote + (text.size() > longest ? "…\"" : "\"");
}

}  // namespace

const Node* Node::find(std::string_view path) const {
    if (kind != Kind::table) return nullptr;
    const auto [first, rest] = split_at_dot(path);
    const auto child = std::find_if(children.begin(), children.end(),
                                    [name = first](const Node& node) { return node.name == name; });
    if (child == children.end()) return nullptr;
    return rest.empty() ? &*child : child->find(rest);
}

Node* Node::find(std::string_view path) {
    return const_cast<Node*>(std::as_const(*this).find(
        path));  // NOLINT(cppcoreguidelines-pro-type-const-cast): *this is not const
}

void Node::put(std::string_view path, Node value) {
    const auto [first, rest] = split_at_dot(path);
    Node* child = find(first);
    if (child == nullptr) {
        Node made;
        made.name = first;
        made.place = made.name_place = value.place;
        children.push_back(std::move(made));
        child = &children.back();
    }
    if (!rest.empty()) {
        if (child->kind != Kind::table) child->kind = Kind::table;
        child->put(rest, std::move(value));
        return;
    }
    value.name = std::move(child->name);
    value.name_place = value.place;
    *child = std::move(value);
}

std::string Node::described(bool shown) const {
    switch (kind) {
        case Kind::boolean:
            return shown ? (boolean ? "true" : "false") : "a boolean";
        case Kind::integer:
            return shown ? fmt::format("{}", integer) : "a number";
        case Kind::real:
            return shown ? fmt::format("{}", real) : "a number";
        case Kind::text:
        case Kind::environment:
            return shown ? in_quotes(text) : "a text";
        case Kind::date:
            return "a date or time";
        case Kind::list:
            return "a list";
        case Kind::table:
            return "a table";
    }
    return "something else";
}

void Node::wipe() {
    base::wipe(text);
    for (Node& child : children) child.wipe();
}

Node Node::of_text(std::string text, Place place) {
    Node node;
    node.kind = Kind::text;
    node.text = std::move(text);
    node.place = node.name_place = std::move(place);
    return node;
}

Node Node::list_at(Place place) {
    Node node;
    node.kind = Kind::list;
    node.place = node.name_place = std::move(place);
    return node;
}

}  // namespace weir::settings
