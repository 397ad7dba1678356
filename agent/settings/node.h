// What the person wrote, before it means anything: a tree of values, each with its place. One form
// for the file, the environment and the URLs, so that one table of keys reads all three.
// Lives only while a configuration is loaded; one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::settings {

struct Place {
    std::string text;                    // "weir.toml:12:5" or "environment WEIR_ADMIN_LISTEN"
    std::uint32_t line = 0, column = 0;  // 0: not of a file
};

struct Node {
    // `environment` is a text that is yet to be read as whatever its key expects.
    enum class Kind : std::uint8_t { boolean, integer, real, text, date, list, table, environment };

    Kind kind = Kind::table;
    Place place;
    bool boolean = false;
    std::int64_t integer = 0;
    double real = 0;
    std::string text;
    std::string name;            // the key, of a table's child
    Place name_place;            // where the key stands, of a table's child
    std::vector<Node> children;  // of a table or a list, in the order written

    [[nodiscard]] bool is_text() const { return kind == Kind::text || kind == Kind::environment; }
    // The child of a table; nullptr without one. `path` may be dotted: "tls.mode".
    [[nodiscard]] const Node* find(std::string_view path) const;
    [[nodiscard]] Node* find(std::string_view path);
    // Sets what stands at a dotted path, with tables made on the way as needed.
    void put(std::string_view path, Node value);
    // For messages: "a number", "the text \"many\"" or, without `shown`, "a text".
    [[nodiscard]] std::string described(bool shown) const;

    void wipe();  // what was written, of the whole tree: there may be secrets in it

    [[nodiscard]] static Node of_text(std::string text, Place place);
    [[nodiscard]] static Node list_at(Place place);
};

}  // namespace weir::settings
