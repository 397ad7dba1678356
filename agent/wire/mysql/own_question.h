// Texts that ask nothing but what Weir knows itself: SELECT CONNECTION_ID() and such. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace weir::wire::mysql {

enum class Asked : std::uint8_t { connection_id, found_rows, row_count, last_insert_id };

struct OwnQuestion {
    Asked asked = Asked::connection_id;
    std::string_view column;  // the answer's name: the alias, or the expression as it was written
};
// Of a text that is exactly SELECT F() [[AS] alias] [;], comments not counted (but no /*! one).
// Nothing for any other; that may ask the same in another way.
[[nodiscard]] std::optional<OwnQuestion> own_question(std::string_view text);

}  // namespace weir::wire::mysql
