#include "wire/redis/commands.h"

#include <algorithm>
#include <array>

namespace weir::wire::redis {
namespace {

using Words = std::vector<std::string_view>;
using Judge = Command (*)(const Words&);

constexpr char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

// -1, 0 or 1 as `text`, in capitals, is before, at or behind `name`.
int compare(std::string_view text, std::string_view name) {
    const std::size_t common = std::min(text.size(), name.size());
    for (std::size_t i = 0; i < common; ++i) {
        const char c = upper(text[i]);
        if (c != name[i]) return c < name[i] ? -1 : 1;
    }
    return text.size() == name.size() ? 0 : text.size() < name.size() ? -1 : 1;
}

bool has_word(const Words& words, std::size_t from, std::string_view wanted) {
    return std::any_of(words.begin() + static_cast<std::ptrdiff_t>(std::min(from, words.size())),
                       words.end(),
                       [wanted](std::string_view word) { return is_word(word, wanted); });
}

std::string_view second(const Words& words) { return words.size() > 1 ? words[1] : ""; }

Command client(const Words& words) {
    struct Known {
        std::string_view word;
        Command command;
    };
    static constexpr std::array known{
        Known{"SETNAME", Command::client_setname}, Known{"GETNAME", Command::client_getname},
        Known{"ID", Command::client_id}, Known{"INFO", Command::client_info},
        Known{"SETINFO", Command::client_setinfo}, Known{"REPLY", Command::client_reply},
        Known{"NO-TOUCH", Command::no_touch}, Known{"TRACKING", Command::tracking},
        // Refused, or answered "off", by a connection without tracking.
        Known{"CACHING", Command::ordinary}, Known{"TRACKINGINFO", Command::ordinary},
        Known{"GETREDIR", Command::ordinary}, Known{"HELP", Command::ordinary}};
    const std::string_view word = second(words);
    for (const Known& one : known) {
        if (is_word(word, one.word)) return one.command;
    }
    return Command::dangerous;  // KILL, PAUSE, UNPAUSE, LIST, NO-EVICT, UNBLOCK and what is to come
}

// XREAD and XREADGROUP: BLOCK stands before STREAMS.
Command stream_read(const Words& words) {
    for (std::size_t i = 1; i < words.size(); ++i) {
        if (is_word(words[i], "STREAMS")) return Command::ordinary;
        if (is_word(words[i], "BLOCK")) return Command::blocking;
        if (is_word(words[i], "GROUP")) i += 2;  // names, whatever they look like
    }
    return Command::ordinary;
}

Command copy(const Words& words) {
    return has_word(words, 3, "DB") ? Command::dangerous : Command::ordinary;
}

Command flushes(const Words& words) {  // of SCRIPT and FUNCTION
    const std::string_view word = second(words);
    for (const std::string_view bad : {"FLUSH", "KILL", "DEBUG", "DELETE", "RESTORE"}) {
        if (is_word(word, bad)) return Command::dangerous;
    }
    return Command::ordinary;
}

// Of a cluster: what asks about it passes, what changes it does not.
Command cluster(const Words& words) {
    const std::string_view word = second(words);
    for (const std::string_view asks :
         {"COUNTKEYSINSLOT", "GETKEYSINSLOT", "HELP", "INFO", "KEYSLOT", "LINKS", "MYID",
          "MYSHARDID", "NODES", "REPLICAS", "SHARDS", "SLAVES", "SLOTS"}) {
        if (is_word(word, asks)) return Command::ordinary;
    }
    return Command::dangerous;
}

struct Entry {
    std::string_view name;
    Command command;
    Judge judge = nullptr;  // decides by more than the name
};

// In the order of their names.
constexpr std::array table{
    Entry{"ACL", Command::dangerous},
    Entry{"ASKING", Command::asking},
    Entry{"AUTH", Command::auth},
    Entry{"BGREWRITEAOF", Command::dangerous},
    Entry{"BGSAVE", Command::dangerous},
    Entry{"BLMOVE", Command::blocking},
    Entry{"BLMPOP", Command::blocking},
    Entry{"BLPOP", Command::blocking},
    Entry{"BRPOP", Command::blocking},
    Entry{"BRPOPLPUSH", Command::blocking},
    Entry{"BZMPOP", Command::blocking},
    Entry{"BZPOPMAX", Command::blocking},
    Entry{"BZPOPMIN", Command::blocking},
    Entry{"CLIENT", Command::dangerous, &client},
    Entry{"CLUSTER", Command::dangerous, &cluster},
    Entry{"CONFIG", Command::dangerous},
    Entry{"COPY", Command::ordinary, &copy},
    Entry{"DEBUG", Command::dangerous},
    Entry{"DISCARD", Command::discard},
    Entry{"ECHO", Command::echo},
    Entry{"EXEC", Command::exec},
    Entry{"FAILOVER", Command::dangerous},
    Entry{"FLUSHALL", Command::dangerous},
    Entry{"FUNCTION", Command::ordinary, &flushes},
    Entry{"HELLO", Command::hello},
    Entry{"LATENCY", Command::dangerous},
    Entry{"MIGRATE", Command::dangerous},
    Entry{"MODULE", Command::dangerous},
    Entry{"MONITOR", Command::monitor},
    Entry{"MOVE", Command::dangerous},
    Entry{"MULTI", Command::multi},
    Entry{"PFDEBUG", Command::dangerous},
    Entry{"PING", Command::ping},
    Entry{"PSUBSCRIBE", Command::subscribe},
    Entry{"PSYNC", Command::dangerous},
    Entry{"PUNSUBSCRIBE", Command::unsubscribe},
    Entry{"QUIT", Command::quit},
    Entry{"READONLY", Command::readonly},
    Entry{"READWRITE", Command::readwrite},
    Entry{"REPLCONF", Command::dangerous},
    Entry{"REPLICAOF", Command::dangerous},
    Entry{"RESET", Command::reset},
    Entry{"SAVE", Command::dangerous},
    Entry{"SCRIPT", Command::ordinary, &flushes},
    Entry{"SELECT", Command::select},
    Entry{"SHUTDOWN", Command::dangerous},
    Entry{"SLAVEOF", Command::dangerous},
    Entry{"SLOWLOG", Command::dangerous},
    Entry{"SSUBSCRIBE", Command::subscribe},
    Entry{"SUBSCRIBE", Command::subscribe},
    Entry{"SUNSUBSCRIBE", Command::unsubscribe},
    Entry{"SWAPDB", Command::dangerous},
    Entry{"SYNC", Command::dangerous},
    Entry{"UNSUBSCRIBE", Command::unsubscribe},
    Entry{"UNWATCH", Command::unwatch},
    Entry{"WAIT", Command::wait},
    Entry{"WAITAOF", Command::wait},
    Entry{"WATCH", Command::watch},
    Entry{"XREAD", Command::ordinary, &stream_read},
    Entry{"XREADGROUP", Command::ordinary, &stream_read},
};
static_assert(std::is_sorted(table.begin(), table.end(),
                             [](const Entry& a, const Entry& b) { return a.name < b.name; }));

constexpr std::size_t longest_name = 12;  // BGREWRITEAOF, PUNSUBSCRIBE, SUNSUBSCRIBE

}  // namespace

bool is_word(std::string_view text, std::string_view upper_word) {
    return compare(text, upper_word) == 0;
}

Command classify(const std::vector<std::string_view>& arguments) {
    const std::string_view name = arguments.front();
    if (name.size() < 3 || name.size() > longest_name) return Command::ordinary;
    const auto found = std::lower_bound(
        table.begin(), table.end(), name,
        [](const Entry& entry, std::string_view text) { return compare(text, entry.name) > 0; });
    if (found == table.end() || compare(name, found->name) != 0) return Command::ordinary;
    return found->judge == nullptr ? found->command : found->judge(arguments);
}

}  // namespace weir::wire::redis
