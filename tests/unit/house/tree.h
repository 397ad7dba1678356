// The project's own files, read for the tests of the house: what is where and what it includes.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace weir::house {

namespace fs = std::filesystem;

inline fs::path root() { return WEIR_SOURCE_DIR; }

inline std::string contents(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

inline std::string shown(const fs::path& file) { return file.lexically_relative(root()); }

// All files below `folder`, without what tools leave there.
inline std::vector<fs::path> files_below(const fs::path& folder) {
    static const std::set<std::string> generated{"node_modules", "__pycache__", "build",
                                                 ".pytest_cache"};
    std::vector<fs::path> files;
    if (!fs::exists(folder)) return files;
    for (auto it = fs::recursive_directory_iterator(folder); it != fs::end(it); ++it) {
        if (it->is_directory() && generated.contains(it->path().filename())) {
            it.disable_recursion_pending();
        } else if (it->is_regular_file()) {
            files.push_back(it->path());
        }
    }
    std::sort(files.begin(), files.end());
    return files;
}

inline std::vector<fs::path> sources_below(const fs::path& folder) {
    std::vector<fs::path> files = files_below(folder);
    std::erase_if(files, [](const fs::path& file) {
        return file.extension() != ".h" && file.extension() != ".cpp";
    });
    return files;
}

// What stands between quotes, or between angle brackets, in the file's #include lines.
inline std::vector<std::string> includes(const std::string& text, char open) {
    const std::regex line(open == '"' ? R"re((?:^|\n)[ \t]*#[ \t]*include[ \t]*"([^"]+)")re"
                                      : R"re((?:^|\n)[ \t]*#[ \t]*include[ \t]*<([^>]+)>)re");
    std::vector<std::string> names;
    for (std::sregex_iterator it(text.begin(), text.end(), line), end; it != end; ++it) {
        names.push_back((*it)[1]);
    }
    return names;
}

// agent/pool/pool.h → pool · collectors/prometheus/samples.h → collectors · agent/main.cpp →
// main.cpp
inline std::string room_of(const fs::path& file) {
    const fs::path path = file.lexically_relative(root());
    auto part = path.begin();
    if (*part == "agent") ++part;
    return *part;
}

}  // namespace weir::house
