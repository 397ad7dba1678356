// What lies where: the top level as it was fixed, a README a room, names that say something.
#include <gtest/gtest.h>

#include "house/tree.h"

namespace weir::house {
namespace {

std::vector<fs::path> rooms() {
    std::vector<fs::path> folders{root() / "collectors", root() / "dashboards", root() / "alerts",
                                  root() / "config", root() / "tests"};
    for (const char* const top : {"agent", "collectors"}) {
        for (const auto& entry : fs::directory_iterator(root() / top)) {
            if (entry.is_directory()) folders.push_back(entry.path());
        }
    }
    return folders;
}

TEST(Layout, the_top_level_holds_only_what_it_may) {
    const std::set<std::string> allowed{"agent",          "collectors", "dashboards",
                                        "alerts",         "config",     "tests",
                                        "CMakeLists.txt", "README.md",  "CMakePresets.json"};
    const std::set<std::string> generated{"build", "compile_commands.json", "node_modules"};
    for (const auto& entry : fs::directory_iterator(root())) {
        const std::string name = entry.path().filename();
        EXPECT_TRUE(allowed.contains(name) || generated.contains(name) || name.starts_with('.'))
            << name;
    }
    for (const std::string& name : allowed) EXPECT_TRUE(fs::exists(root() / name)) << name;
}

TEST(Layout, every_room_has_a_readme_of_at_most_thirty_lines) {
    for (const fs::path& room : rooms()) {
        const fs::path readme = room / "README.md";
        EXPECT_TRUE(fs::exists(readme)) << shown(room);
        if (!fs::exists(readme)) continue;
        const std::string text = contents(readme);
        EXPECT_FALSE(text.empty()) << shown(readme);
        EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 30) << shown(readme);
    }
}

TEST(Layout, files_are_named_after_a_noun_that_says_something) {
    const std::regex says_nothing(R"re((^|_)(utils?|helpers?|manager|common|misc|impl)(_|\.|$))re");
    const std::regex snake(R"re([a-z0-9_]+\.(h|cpp))re");
    for (const char* const top : {"agent", "collectors", "tests/unit"}) {
        for (const fs::path& file : sources_below(root() / top)) {
            const std::string name = file.filename();
            EXPECT_FALSE(std::regex_search(name, says_nothing)) << shown(file);
            EXPECT_TRUE(std::regex_match(name, snake)) << shown(file);
        }
    }
}

TEST(Layout, headers_begin_with_what_they_are_for) {
    for (const char* const top : {"agent", "collectors"}) {
        for (const fs::path& file : sources_below(root() / top)) {
            if (file.extension() != ".h") continue;
            const std::string text = contents(file);
            EXPECT_TRUE(text.starts_with("// ")) << shown(file);
            EXPECT_NE(text.find("#pragma once"), std::string::npos) << shown(file);
        }
    }
}

}  // namespace
}  // namespace weir::house
