// A password or token. It can't be printed by accident: only reveal() gives the text, and whoever
// calls it must not log, trace or export it. Comparing two is safe to time; its memory is wiped.
#pragma once

#include <string>
#include <string_view>

namespace weir::settings {

class Secret {
  public:
    Secret() = default;
    static Secret of(std::string text);
    // Read when asked for, so that {tenant} in the path can be filled in: reveal_for().
    static Secret in_file(std::string path_pattern);
    ~Secret();
    Secret(const Secret&) = default;
    Secret(Secret&& other) noexcept;
    Secret& operator=(const Secret& other);
    Secret& operator=(Secret&& other) noexcept;

    [[nodiscard]] bool empty() const { return text_.empty() && path_pattern_.empty(); }
    // True when the text depends on the tenant: only reveal_for() can give it.
    [[nodiscard]] bool per_tenant() const { return !path_pattern_.empty(); }
    [[nodiscard]] const std::string& reveal() const { return text_; }
    // The text for one tenant; empty when the file can't be read or the tenant's name would lead
    // out of its folder. May read a file: never on a loop.
    [[nodiscard]] std::string reveal_for(std::string_view tenant) const;
    // False for an empty secret, whatever the candidate.
    [[nodiscard]] bool matches(std::string_view candidate) const;

  private:
    void wipe() noexcept;

    std::string text_;
    std::string path_pattern_;
};

// Editors and `echo` end a file with a line end that is no part of the secret.
[[nodiscard]] std::string without_line_end(std::string text);

}  // namespace weir::settings
