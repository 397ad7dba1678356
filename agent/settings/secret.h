// A password or token. It can't be printed by accident: only reveal() gives the text, and whoever
// calls it must not log, trace or export it. Comparing two is safe to time. The text is held once
// for all copies, in memory that is locked (never swapped out), left out of core files and wiped
// after use: OpenSSL's secure heap. Any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace weir::settings {

class Secret {
  public:
    static constexpr std::size_t longest = 64 * 1024;  // in a file, in bytes

    Secret() = default;
    static Secret taken_from(std::string& text);  // which is wiped
    static Secret of(std::string_view text);
    // Read when asked for, so that {tenant} in the path can be filled in: reveal_for().
    static Secret in_file(std::string path_pattern);

    [[nodiscard]] bool empty() const { return text_ == nullptr && path_pattern_.empty(); }
    // True when the text depends on the tenant: only reveal_for() can give it.
    [[nodiscard]] bool per_tenant() const { return !path_pattern_.empty(); }
    // Ends with a NUL that is not counted. Valid as long as one copy of the secret lives.
    [[nodiscard]] std::string_view reveal() const;
    // The text for one tenant; empty when the file can't be read or the tenant's name would lead
    // out of its folder. May read a file: never on a loop.
    [[nodiscard]] Secret reveal_for(std::string_view tenant) const;
    // False for an empty secret, whatever the candidate.
    [[nodiscard]] bool matches(std::string_view candidate) const;
    // The same text or the same file; of two configurations, not of what somebody sent.
    [[nodiscard]] bool operator==(const Secret& other) const;

  private:
    class Text;

    std::shared_ptr<const Text> text_;  // nullptr: empty
    std::string path_pattern_;
};

// False when the kernel refused to lock the memory of secrets (RLIMIT_MEMLOCK): they may be swapped
// out.
[[nodiscard]] bool secrets_are_locked();

// Editors and `echo` end a file with a line end that is no part of the secret.
void drop_line_end(std::string& text);

}  // namespace weir::settings
