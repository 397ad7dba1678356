// Writes a configuration file for people: sections, keys and comments in the order they are told.
// Any text is safe as a value or a comment: what TOML does not allow there is escaped or replaced.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace weir::cli {

class TomlText {
  public:
    void comment(std::string_view text);  // one line; empty: an empty line
    void section(std::string_view name);  // "[auth]", "[[pool]]"
    void text(std::string_view key, std::string_view value);
    void texts(std::string_view key, const std::vector<std::string>& values);
    void whole(std::string_view key, unsigned value);
    void boolean(std::string_view key, bool value);
    void span(std::string_view key, std::chrono::milliseconds value);
    // Of the line before.
    void remark(std::string_view text);
    [[nodiscard]] const std::string& str() const { return out_; }

  private:
    void line(std::string_view key, std::string_view value);
    std::string out_;
};

}  // namespace weir::cli
