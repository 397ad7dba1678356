// However a text is cut, the scan finds the same in it; a statement in front of it hides nothing,
// and SET @x behind it is found unless a literal or comment may swallow it. Shown without its
// literals a text stays within its limit, is free of control characters, and shows nothing of a
// string.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "wire/mysql/literals.h"
#include "wire/mysql/own_question.h"
#include "wire/mysql/statement_scan.h"

using namespace weir::wire::mysql;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

StatementScan scan(std::string_view text, std::size_t piece, StatementScan::Rules rules) {
    StatementScan scan;
    scan.reset(rules);
    for (std::size_t at = 0; at < text.size(); at += piece) scan.feed(text.substr(at, piece));
    scan.finish();
    return scan;
}

std::string told(const StatementScan& scan) {
    const StatementWords& words = scan.words();
    std::string out = std::to_string(scan.traits()) + " " + std::to_string(scan.statements()) +
                      " " + std::to_string(static_cast<int>(scan.verb()));
    for (std::size_t i = 0; i < words.settings(); ++i) out.append(" ").append(words.setting(i));
    for (std::size_t i = 0; i < words.connection_ids(); ++i) {
        out += " " + std::to_string(words.connection_id(i).begin);
        out += "-" + std::to_string(words.connection_id(i).end);
    }
    if (words.database()) out += " use " + *words.database();
    if (words.kill()) out += " kill " + std::to_string(words.kill()->id);
    return out;
}

void scanned(std::string_view text, std::size_t piece, StatementScan::Rules rules) {
    const StatementScan whole = scan(text, text.size() + 1, rules);
    require(told(scan(text, 1, rules)) == told(whole));
    require(told(scan(text, piece, rules)) == told(whole));
    require(whole.verb() != Verb::none || whole.statements() == 0 || whole.has(Trait::unknown));

    const std::string behind = "SELECT 1;" + std::string(text);
    require((scan(behind, behind.size(), rules).traits() & whole.traits()) == whole.traits());
    const bool plain = text.find_first_of("'\"`-/#\\") == std::string_view::npos;
    if (plain) {
        const std::string before = std::string(text) + "\n;SET @x = 1";
        require(scan(before, 7, rules).has(Trait::user_variable_set));
    }
    for (std::size_t i = 0; i < whole.words().connection_ids(); ++i) {
        const TextRange range = whole.words().connection_id(i);
        require(range.begin < range.end && range.end <= text.size());
        const std::string_view call = text.substr(range.begin, range.end - range.begin);
        require((call.front() | 0x20) == 'c' || call.front() == '`' || call.front() == '"');
        require(call.ends_with(')') && call.find('(') != std::string_view::npos);
    }
    if (own_question(text)) {
        const Traits asks = trait_bits({Trait::asks_connection_id, Trait::asks_found_rows,
                                        Trait::asks_row_count, Trait::asks_last_insert_id});
        require((whole.traits() & asks) != 0 && (whole.traits() & ~asks) == 0);
        require(whole.statements() == 1 && whole.verb() == Verb::select);
    }
}

void shown(std::string_view text, std::size_t limit) {
    const std::string short_text = without_literals(text, limit);
    const std::string long_text = without_literals(text, text.size() * 4 + 4);
    require(short_text.size() <= limit);
    require(long_text.starts_with(short_text));
    bool name = false;
    for (const char c : long_text) {
        require(static_cast<unsigned char>(c) >= ' ' && c != '\x7f');
        if (c == '`') name = !name;
        require(name || (c != '\'' && c != '"'));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    for (const unsigned bits : {0U, 1U, 2U, 7U}) {
        scanned(text, data[0] % 16 + 1U,
                {.no_backslash_escapes = (bits & 1U) != 0,
                 .ansi_quotes = (bits & 2U) != 0,
                 .wide_characters = (bits & 4U) != 0});
    }
    shown(text, data[0]);
    return 0;
}
