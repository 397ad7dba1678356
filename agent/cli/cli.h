// The command line of Weir: words in, exit code out.
#pragma once

namespace weir::cli {

// 0 when done, 1 when it failed, 2 when the words make no sense; `health` and `check` say their
// own.
[[nodiscard]] int run(int argc, char** argv);

}  // namespace weir::cli
