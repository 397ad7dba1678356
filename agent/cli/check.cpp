#include "cli/check.h"

#include <fmt/format.h>

#include <cstdlib>
#include <iostream>
#include <vector>

#include "cli/dial_check.h"
#include "settings/load.h"

namespace weir::cli {
namespace {

void print(const char* kind, const std::vector<settings::Problem>& problems) {
    for (const auto& problem : problems) std::cerr << kind << problem.text() << '\n';
}

std::string counted(std::size_t count, const char* noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace

int check(const std::string& file, bool connect) {
    const auto loaded = settings::load_file(file, settings::process_environment());
    if (!loaded) {
        print("error: ", loaded.error());
        std::cerr << file << ": " << counted(loaded.error().size(), "error") << '\n';
        return EXIT_FAILURE;
    }
    print("warning: ", loaded->warnings);
    print("notice: ", loaded->notices);
    print("error: serving without it would be less safe than asked: ", loaded->unsafe);
    const bool reached = !connect || dial_upstreams(loaded->settings, std::cout, std::cerr);
    if (!loaded->unsafe.empty()) return EXIT_FAILURE;
    std::cout << file << ": no errors";
    if (!loaded->warnings.empty()) std::cout << ", " << counted(loaded->warnings.size(), "warning");
    if (!loaded->notices.empty()) std::cout << ", " << counted(loaded->notices.size(), "notice");
    if (!reached) std::cout << "; not every upstream could be reached";
    std::cout << '\n';
    return reached ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace weir::cli
