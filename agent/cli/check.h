// `weir check`: every error of a configuration at once.
#pragma once

#include <string>

namespace weir::cli {

// Prints the errors and notices of `file`; with `connect` also dials each upstream. Exit code 0
// or 1.
[[nodiscard]] int check(const std::string& file, bool connect);

}  // namespace weir::cli
