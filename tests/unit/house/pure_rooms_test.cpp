// wire, pool and telemetry are pure: no system call, no clock, no thread, no logging. Time is a
// parameter there, and so is chance.
#include <gtest/gtest.h>

#include "house/tree.h"

namespace weir::house {
namespace {

std::vector<fs::path> pure_sources() {
    std::vector<fs::path> files;
    for (const char* const room : {"wire", "pool", "telemetry"}) {
        const auto some = sources_below(root() / "agent" / room);
        files.insert(files.end(), some.begin(), some.end());
    }
    return files;
}

TEST(PureRooms, include_no_header_that_reaches_the_system) {
    const std::set<std::string> forbidden{
        "unistd.h",  "fcntl.h",       "poll.h",     "netdb.h", "pthread.h", "signal.h",
        "time.h",    "ctime",         "csignal",    "thread",  "future",    "condition_variable",
        "fstream",   "iostream",      "filesystem", "stdio.h", "cstdio",    "stop_token",
        "semaphore", "random_device", "syslog.h",   "dlfcn.h"};
    const std::regex system_folder(R"re(^(sys|netinet|arpa|net|linux|asm|bits)/)re");
    std::size_t seen = 0;
    for (const fs::path& file : pure_sources()) {
        for (const std::string& name : includes(contents(file), '<')) {
            EXPECT_FALSE(forbidden.contains(name) || std::regex_search(name, system_folder))
                << shown(file) << " includes <" << name << ">";
            ++seen;
        }
    }
    EXPECT_GT(seen, 20u);
}

TEST(PureRooms, include_neither_log_nor_descriptor) {
    for (const fs::path& file : pure_sources()) {
        for (const std::string& name : includes(contents(file), '"')) {
            EXPECT_TRUE(name != "base/log.h" && name != "base/fd.h")
                << shown(file) << " includes \"" << name << "\"";
        }
    }
}

TEST(PureRooms, ask_no_clock_and_throw_no_dice) {
    for (const fs::path& file : pure_sources()) {
        const std::string text = contents(file);
        for (const char* const word :
             {"::now()", "clock_gettime", "gettimeofday", "sleep_for", "usleep", "random_device",
              "getenv", "std::rand(", "time(nullptr)", "time(NULL)"}) {
            EXPECT_EQ(text.find(word), std::string::npos) << shown(file) << ": " << word;
        }
    }
}

}  // namespace
}  // namespace weir::house
