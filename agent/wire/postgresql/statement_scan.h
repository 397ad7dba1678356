// What a statement's text may do to its session, found by one pass over its words: no parsing, no
// copy, false alarms allowed, a miss not. Streams: a text may come in any pieces.
// What the text can't tell (a function's body) CommandComplete tags and ParameterStatus must.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/words.h"

namespace weir::wire::postgresql {

// Why a statement ties its session to its server connection; words as in the metric catalogue.
enum class Effect : std::uint8_t {
    setting,
    prepared,
    temp_table,
    listen,
    advisory_lock,
    cursor,
    other
};

// Bits of Effect that the words of a statement suggest. Quoted strings, comments and dollar quotes
// are passed over where they can't hide one: 'set_config' inside DO $$…$$ does count.
class StatementScan {
  public:
    void feed(std::string_view text);  // more of the text, without its final NUL
    void finish();                     // the text has ended: judges the last word
    void reset();
    [[nodiscard]] std::uint32_t effects() const { return effects_; }  // 1 << Effect
    [[nodiscard]] bool has(Effect e) const {
        return (effects_ >> static_cast<unsigned>(e) & 1U) != 0;
    }

  private:
    std::uint32_t effects_ = 0;
    std::array<char, 32> word_{};
    std::uint8_t word_length_ = 0;
};

// What a CommandComplete tag proves: "SET" → setting, "LISTEN" → listen, "PREPARE" → prepared, …
// "DISCARD ALL" clears everything.
[[nodiscard]] std::optional<Effect> effect_of_tag(std::string_view tag);
[[nodiscard]] bool clears_session(std::string_view tag);

// `sql` with every literal (strings, numbers, dollar quotes, bit strings) as ?, comments removed,
// white space folded, cut at `limit` bytes on a character boundary. For status, leaks and logs.
[[nodiscard]] std::string without_literals(std::string_view sql, std::size_t limit = 200);

}  // namespace weir::wire::postgresql
