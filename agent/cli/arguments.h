// From the words of a command line to what is to be done. Reads WEIR_ADMIN and looks whether
// weir.toml is in the current folder; does nothing else.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/options.h"

namespace weir::cli {

inline constexpr int usage_error = 2;

// Nothing is to be run: the help or version that was asked for, or what is wrong with the words.
struct Usage {
    int exit_code = 0;  // 0 or usage_error
    std::string text;   // for standard output when 0, else for standard error
};

// `words` without the program's name.
[[nodiscard]] base::Result<Invocation, Usage> parse_arguments(std::vector<std::string> words);

}  // namespace weir::cli
