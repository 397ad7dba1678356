#include "proxy/startup_options.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "proxy/session_settings.h"

namespace weir::proxy {
namespace {

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> words;
    bool in_word = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (std::isspace(static_cast<unsigned char>(c)) != 0) {
            in_word = false;
            continue;
        }
        if (c == '\\' && i + 1 < text.size()) c = text[++i];
        if (!in_word) words.emplace_back();
        in_word = true;
        words.back() += c;
    }
    return words;
}

// The spellings that the server's own parser takes, abbreviations apart.
std::optional<bool> read_boolean(std::string_view text) {
    const std::string lower = lower_case(text);
    for (const std::string_view word : {"on", "true", "yes", "1"}) {
        if (lower == word) return true;
    }
    for (const std::string_view word : {"off", "false", "no", "0"}) {
        if (lower == word) return false;
    }
    return std::nullopt;
}

}  // namespace

base::Result<std::vector<std::pair<std::string, std::string>>> parse_startup_options(
    std::string_view text) {
    std::vector<std::pair<std::string, std::string>> options;
    const std::vector<std::string> words = split(text);
    for (std::size_t i = 0; i < words.size(); ++i) {
        std::string setting;
        const bool long_form = words[i].rfind("--", 0) == 0;
        if (words[i] == "-c" && i + 1 < words.size()) {
            setting = words[++i];
        } else if (words[i].rfind("-c", 0) == 0 || long_form) {
            setting = words[i].substr(2);
        }
        const std::size_t equals = setting.find('=');
        if (equals == std::string::npos || equals == 0) {
            return base::error("unsupported switch \"" + words[i] +
                               "\" in start-up parameter options");
        }
        std::string name = setting.substr(0, equals);
        if (long_form) std::replace(name.begin(), name.end(), '-', '_');
        options.emplace_back(std::move(name), setting.substr(equals + 1));
    }
    return options;
}

base::Result<bool> take_dedicated(std::vector<std::pair<std::string, std::string>>& options) {
    bool dedicated = false;
    std::string problem;
    std::erase_if(options, [&](const auto& option) {
        const std::string name = lower_case(option.first);
        if (!name.starts_with("weir.")) return false;
        const std::optional<bool> on = read_boolean(option.second);
        if (name != "weir.dedicated") {
            problem = "unrecognized configuration parameter \"" + name + '"';
        } else if (!on) {
            problem = "parameter \"weir.dedicated\" requires a Boolean value";
        }
        dedicated = on.value_or(false);
        return true;
    });
    if (!problem.empty()) return base::error(problem);
    return dedicated;
}

}  // namespace weir::proxy
