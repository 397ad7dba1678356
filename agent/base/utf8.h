// Whether text that others chose can be shown where UTF-8 is demanded. PURE.
#pragma once

#include <string>
#include <string_view>

namespace weir::base {

// As RFC 3629 has it: no overlong form, no surrogate, nothing above U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text);

// The text with U+FFFD for each byte that begins no character.
[[nodiscard]] std::string replaced_utf8(std::string_view text);

}  // namespace weir::base
