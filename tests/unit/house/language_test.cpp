// The project's text speaks of the project alone and promises nothing for later: no notes to
// oneself, no unfinished parts, no paths or hosts of whoever built it.
#include <gtest/gtest.h>

#include "house/tree.h"

namespace weir::house {
namespace {

std::vector<fs::path> all_files() {
    std::vector<fs::path> files;
    for (const char* const top :
         {"agent", "collectors", "dashboards", "alerts", "config", "tests", ".ci"}) {
        const auto some = files_below(root() / top);
        files.insert(files.end(), some.begin(), some.end());
    }
    for (const char* const name : {"CMakeLists.txt", "README.md", "CMakePresets.json"}) {
        if (fs::exists(root() / name)) files.push_back(root() / name);
    }
    return files;
}

// The line of `text` that `expression` is found in; empty when there is none.
std::string found(const std::string& text, const std::regex& expression) {
    std::smatch match;
    if (!std::regex_search(text, match, expression)) return {};
    const auto at = static_cast<std::size_t>(match.position());
    const std::size_t begin = text.rfind('\n', at) + 1;
    return text.substr(begin, std::min(text.find('\n', at), begin + 120) - begin);
}

void expect_nowhere(const std::regex& expression, bool packages_too = false) {
    for (const fs::path& file : all_files()) {
        // A list of packages has their names, which are as they are.
        if (!packages_too && file.filename() == "package-lock.json") continue;
        EXPECT_EQ(found(contents(file), expression), "") << shown(file);
    }
}

// One letter of each word is in brackets, so that this file is no find of its own.

TEST(Language, leaves_no_notes_to_oneself) {
    expect_nowhere(std::regex(R"re(\b(TOD[O]|FIXM[E]|XX[X]|HAC[K])\b)re"));
}

TEST(Language, has_no_unfinished_parts) {
    expect_nowhere(std::regex(R"re(\b(stu[b]s?|placeholde[r]s?)\b)re", std::regex::icase));
}

TEST(Language, names_no_folder_and_no_package_host_of_whoever_built_it) {
    expect_nowhere(
        std::regex(
            R"re((^|[^\w.])/wor[k]/|/tmp/buil[d]|registr[y]\.npmjs|pyp[i]\.org|deb\.debia[n]\.org)re"),
        true);
}

TEST(Language, speaks_of_no_numbered_issue) {
    expect_nowhere(std::regex(R"re(\b(issue|ticket|pull request)s? #?[0-9])re", std::regex::icase));
}

}  // namespace
}  // namespace weir::house
