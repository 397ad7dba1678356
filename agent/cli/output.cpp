#include "cli/output.h"

#include <unistd.h>

#include <cstdlib>
#include <iostream>

namespace weir::cli {

Output process_output() {
    const bool terminal = isatty(STDOUT_FILENO) == 1;
    const char* no_color = std::getenv("NO_COLOR");
    const bool declined = no_color != nullptr && no_color[0] != '\0';
    return {std::cout, std::cerr, terminal && !declined, terminal};
}

}  // namespace weir::cli
