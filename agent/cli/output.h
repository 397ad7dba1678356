// Where a command's words go: the answer to one stream, the one line of what went wrong to the
// other.
#pragma once

#include <ostream>
#include <string>

namespace weir::cli {

struct Output {
    std::ostream& out;
    std::ostream& err;
    bool colours = false;   // `out` is a terminal and NO_COLOR is not set
    bool terminal = false;  // `out` is a terminal

    // Tells why the command failed and gives the exit code for it.
    int fail(const std::string& message, int exit_code = 1) const {
        err << "weir: " << message << '\n';
        return exit_code;
    }
};

// Standard output and error of this process.
[[nodiscard]] Output process_output();

}  // namespace weir::cli
