#include "proxy/console_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>

namespace weir::proxy {
namespace {

constexpr std::size_t shown_at_most = 100;

bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

void skip_spaces(std::string_view& text) {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
}

std::string_view without_end(std::string_view text) {
    skip_spaces(text);
    while (!text.empty() && (is_space(text.back()) || text.back() == ';')) text.remove_suffix(1);
    return text;
}

std::string take_word(std::string_view& text) {
    std::string word;
    while (!text.empty() && !is_space(text.front())) {
        word.push_back(static_cast<char>(std::toupper(static_cast<unsigned char>(text.front()))));
        text.remove_prefix(1);
    }
    skip_spaces(text);
    return word;
}

// A name, or one in double quotes where "" is a quote; nothing when there is more or less.
std::optional<std::string> whole_name(std::string_view text) {
    if (!text.starts_with('"')) {
        const bool sound = std::none_of(text.begin(), text.end(), [](char c) {
            return is_space(c) || c == '"' || c == '\'' || c == ';';
        });
        return sound ? std::optional(std::string(text)) : std::nullopt;
    }
    std::string name;
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] != '"') {
            name.push_back(text[i]);
        } else if (i + 1 < text.size() && text[i + 1] == '"') {
            name.push_back(text[i++]);
        } else {
            return i + 1 == text.size() && !name.empty() ? std::optional(name) : std::nullopt;
        }
    }
    return std::nullopt;
}

Answer unknown(std::string_view text) {
    return {"42601",
            fmt::format("invalid command '{}', use SHOW HELP;", text.substr(0, shown_at_most)),
            {}};
}

}  // namespace

const std::string_view console_help =
    "\n\tSHOW HELP|CONFIG|DATABASES|POOLS|CLIENTS|SERVERS|USERS|VERSION"
    "\n\tSHOW LISTS|MEM"
    "\n\tSHOW STATS|STATS_TOTALS|STATS_AVERAGES"
    "\n\tPAUSE [<db>]"
    "\n\tRESUME [<db>]"
    "\n\tDISABLE <db>"
    "\n\tENABLE <db>"
    "\n\tRECONNECT [<db>]"
    "\n\tWAIT_CLOSE [<db>]"
    "\n\tKILL <db>"
    "\n\tRELOAD"
    "\n\tSHUTDOWN";

bool is_console_database(std::string_view name) { return name == "weir" || name == "pgbouncer"; }

bool is_blank(std::string_view text) { return without_end(text).empty(); }

base::Result<ConsoleCommand, Answer> parse_console_command(std::string_view text) {
    const std::string_view whole = without_end(text);
    std::string_view rest = whole;
    const auto verb = base::from_word<ConsoleVerb>(take_word(rest));
    if (!verb) return tl::make_unexpected(unknown(whole));
    ConsoleCommand command{*verb, {}, {}};
    switch (*verb) {
        case ConsoleVerb::show: {
            const auto subject = base::from_word<ConsoleSubject>(take_word(rest));
            if (!subject || !rest.empty()) return tl::make_unexpected(unknown(whole));
            command.subject = *subject;
            return command;
        }
        case ConsoleVerb::reload:
        case ConsoleVerb::shutdown:
            if (!rest.empty()) return tl::make_unexpected(unknown(whole));
            return command;
        case ConsoleVerb::disable:
        case ConsoleVerb::enable:
        case ConsoleVerb::kill:
            // Forgetting a word must not refuse or kill everybody.
            if (rest.empty())
                return tl::make_unexpected(Answer{"42601", "a database is required", {}});
            break;
        case ConsoleVerb::pause:
        case ConsoleVerb::resume:
        case ConsoleVerb::reconnect:
        case ConsoleVerb::wait_close:
            if (rest.empty()) return command;
            break;
    }
    auto name = whole_name(rest);
    if (!name) return tl::make_unexpected(unknown(whole));
    command.database = std::move(*name);
    return command;
}

}  // namespace weir::proxy
