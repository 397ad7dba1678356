// The statement in the bytes of a request, for status, leaks and logs.
#pragma once

#include <string>
#include <string_view>

namespace weir::proxy {

// The text of the first Query or Parse message in `request` (perhaps cut off), its literals
// removed, at most 200 bytes; empty when there is none.
[[nodiscard]] std::string statement_text(std::string_view request);

}  // namespace weir::proxy
