// What an import reads its configuration from and tells its notes to: values with PgBouncer's own
// defaults, the first mistake, and what has no counterpart. Lives as long as one import.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "cli/pgbouncer_file.h"

namespace weir::cli {

class ImportSource {
  public:
    explicit ImportSource(const PgBouncerFile& source) : file(source) {}

    // Of [pgbouncer]; what is no number or no time is a mistake.
    [[nodiscard]] std::string general(std::string_view key, std::string_view otherwise) const;
    [[nodiscard]] unsigned whole(std::string_view key, unsigned otherwise);
    [[nodiscard]] unsigned whole_of(const std::string& text, std::string_view key,
                                    const std::string& place);
    [[nodiscard]] std::chrono::milliseconds seconds(std::string_view key, double otherwise);
    [[nodiscard]] bool trusts() const;  // nobody's password is asked for

    void wrong(const std::string& place, std::string_view key, std::string_view expected);
    void note(const std::string& place, std::string_view what, std::string_view why);
    // Of a key of [pgbouncer] that is taken over, but not in this case; nothing when it is not set.
    void note(std::string_view key, std::string_view why);

    const PgBouncerFile& file;
    std::vector<std::string> notes;
    std::string mistake;  // the first; empty: none
};

// The items of a list with commas, without the spaces around them.
[[nodiscard]] std::vector<std::string> listed(std::string_view text);
[[nodiscard]] bool is_md5(std::string_view secret);
[[nodiscard]] bool is_scram(std::string_view secret);
[[nodiscard]] std::string with_port(const std::string& host, unsigned port);
[[nodiscard]] std::string socket_file(const std::string& folder, unsigned port);

// A name as Weir allows it that is not among `taken`, where it is put.
[[nodiscard]] std::string fresh_name(std::string_view text, std::vector<std::string>& taken);

}  // namespace weir::cli
