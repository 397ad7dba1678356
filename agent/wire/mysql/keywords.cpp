#include "wire/mysql/keywords.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace weir::wire::mysql {

namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(Keyword::count) - 1> texts = {
    "alter",
    "analyze",
    "backup",
    "begin",
    "cache",
    "call",
    "chain",
    "change",
    "character",
    "character_set_client",
    "charset",
    "check",
    "checksum",
    "close",
    "commit",
    "connection",
    "connection_id",
    "create",
    "currval",
    "deallocate",
    "default",
    "delete",
    "desc",
    "describe",
    "diagnostics",
    "do",
    "drop",
    "error_count",
    "errors",
    "execute",
    "explain",
    "export",
    "flush",
    "for",
    "found_rows",
    "get",
    "get_lock",
    "global",
    "grant",
    "gtid_next",
    "gtid_seq_no",
    "handler",
    "hard",
    "help",
    "identity",
    "insert",
    "insert_id",
    "install",
    "into",
    "kill",
    "last_insert_id",
    "lastval",
    "load",
    "local",
    "lock",
    "names",
    "next",
    "nextval",
    "no",
    "open",
    "optimize",
    "or",
    "password",
    "persist",
    "persist_only",
    "prepare",
    "previous",
    "pseudo_thread_id",
    "purge",
    "query",
    "rand_seed1",
    "rand_seed2",
    "read",
    "release",
    "release_all_locks",
    "release_lock",
    "rename",
    "repair",
    "replace",
    "reset",
    "resignal",
    "revoke",
    "role",
    "rollback",
    "row_count",
    "savepoint",
    "select",
    "session",
    "set",
    "show",
    "shutdown",
    "signal",
    "soft",
    "sql_calc_found_rows",
    "sql_mode",
    "start",
    "statement",
    "stop",
    "table",
    "temporary",
    "timestamp",
    "to",
    "transaction",
    "transaction_isolation",
    "transaction_read_only",
    "truncate",
    "tx_isolation",
    "tx_read_only",
    "uninstall",
    "unlock",
    "update",
    "use",
    "value",
    "values",
    "warning_count",
    "warnings",
    "with",
    "work",
    "xa"};
static_assert(std::is_sorted(texts.begin(), texts.end()));

constexpr std::size_t letters = 26;
constexpr std::size_t longest_keyword = 31;

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

// Where the words with a first letter begin, and a bit for each length that they have.
struct Letter {
    std::uint8_t begin = 0, end = 0;
    std::uint32_t lengths = 0;
};
constexpr std::array<Letter, letters> by_letter = [] {
    std::array<Letter, letters> table{};
    for (std::size_t i = 0; i < texts.size(); ++i) {
        Letter& letter = table[static_cast<std::size_t>(texts[i].front() - 'a')];
        if (letter.end == 0) letter.begin = static_cast<std::uint8_t>(i);
        letter.end = static_cast<std::uint8_t>(i + 1);
        letter.lengths |= 1U << texts[i].size();
    }
    return table;
}();

bool same(std::string_view word, std::string_view text) {
    return word.size() == text.size() && std::equal(word.begin(), word.end(), text.begin(),
                                                    [](char a, char b) { return lower(a) == b; });
}

}  // namespace

Keyword find_keyword(std::string_view word) {
    if (word.empty() || word.size() > longest_keyword) return Keyword::none;
    const auto first =
        static_cast<std::size_t>(static_cast<unsigned char>(lower(word.front()))) - 'a';
    if (first >= letters || (by_letter[first].lengths >> word.size() & 1U) == 0) {
        return Keyword::none;
    }
    for (std::size_t i = by_letter[first].begin; i < by_letter[first].end; ++i) {
        if (same(word, texts[i])) return static_cast<Keyword>(i + 1);
    }
    return Keyword::none;
}

}  // namespace weir::wire::mysql
