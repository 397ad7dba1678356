// Whether text that others chose can be shown where UTF-8 is demanded. PURE.
#pragma once

#include <string_view>

namespace weir::base {

// As RFC 3629 has it: no overlong form, no surrogate, nothing above U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace weir::base
