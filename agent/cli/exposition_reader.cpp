#include "cli/exposition_reader.h"

#include <algorithm>
#include <cstdlib>
#include <string>

namespace weir::cli {

bool Sample::has(std::string_view label, std::string_view word) const {
    const std::string wanted = std::string(label) + "=\"" + std::string(word) + "\"";
    for (std::size_t at = labels.find(wanted); at != std::string_view::npos;
         at = labels.find(wanted, at + 1)) {
        if (at == 0 || labels[at - 1] == ',') return true;
    }
    return false;
}

void for_each_sample(std::string_view metrics, const std::function<void(const Sample&)>& visit) {
    while (!metrics.empty()) {
        const std::string_view line = metrics.substr(0, metrics.find('\n'));
        metrics.remove_prefix(std::min(line.size() + 1, metrics.size()));
        const std::size_t open = line.find('{');
        const std::size_t close = line.rfind('}');
        if (line.starts_with('#') || open == std::string_view::npos ||
            close == std::string_view::npos || close < open) {
            continue;
        }
        visit({line.substr(0, open), line.substr(open + 1, close - open - 1),
               std::strtod(std::string(line.substr(close + 1)).c_str(), nullptr)});
    }
}

}  // namespace weir::cli
