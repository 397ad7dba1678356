// Overwrites what must not be found in freed memory. Pure; any thread.
#pragma once

#include <string>

namespace weir::base {

// Leaves `text` empty, and its whole allocation zero: also what a longer text left behind. A text
// that has grown was copied by it: reserve() before.
void wipe(std::string& text) noexcept;

}  // namespace weir::base
