// The grammar side of StatementScan: what the words of a statement, in their order, may do to its
// session. Gets bare words, quoted names and symbols from the scan, literals and comments left
// out; knows just so much SQL that SET in UPDATE, ALTER or CREATE FUNCTION is not taken for a SET.
// The first word of a statement decides. After DO, CALL and EXPLAIN it is `loose`: any word counts,
// wherever it stands, and the scan passes over no literal, to the end of the text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wire/postgresql/effect.h"

namespace weir::wire::postgresql {

class StatementWords {
  public:
    // Longer words are told apart by as much.
    static constexpr std::size_t longest = 63;
    // More settings than this in one text are not told by name.
    static constexpr std::size_t most_settings = 32;

    // A keyword or name without quotes, in any case.
    void word(std::string_view text) {
        if (quiet_ && before_ == Before::nothing && is_harmless(text)) return;
        judge_word(text);
    }
    // The inside of "…", or as much of it as is at hand.
    void quoted_name(std::string_view text);
    // Any other character; ' and $ also for a whole literal, 0 for a digit.
    void symbol(char c) {
        if (quiet_ && c != ';') {
            before_ = Before::nothing;
            return;
        }
        judge_symbol(c);
    }
    void end();  // of a statement
    void found(Effect effect) { effects_ |= effect_bit(effect); }

    void restart();  // for the next text
    [[nodiscard]] bool found_nothing() const {
        return effects_ == 0 && resets_.empty() && !resets_all_ && settings_.empty() &&
               !sets_locally_ && !drops_statements_;
    }
    [[nodiscard]] bool loose() const { return loose_; }
    [[nodiscard]] std::uint32_t effects() const { return effects_; }

    // The session's settings that SET names, and those that RESET or SET … TO DEFAULT names, in
    // lower case; where Effect::setting was found and not all of them can be told,
    // settings_unknown().
    [[nodiscard]] const std::vector<std::string>& settings() const { return settings_; }
    [[nodiscard]] const std::vector<std::string>& resets() const { return resets_; }
    [[nodiscard]] bool settings_unknown() const { return settings_unknown_; }
    [[nodiscard]] bool resets_all() const { return resets_all_; }
    // SET LOCAL: what a text means may change for the rest of the transaction.
    [[nodiscard]] bool sets_locally() const { return sets_locally_; }
    // DISCARD or DEALLOCATE: prepared statements may be gone.
    [[nodiscard]] bool drops_statements() const { return drops_statements_; }

  private:
    enum class Expect : std::uint8_t {
        first_word,
        anything,
        set,                  // what follows SET
        set_session,          // what follows SET SESSION
        set_time,             // ZONE
        set_keyword,          // what follows NAMES, SCHEMA, …: a dot makes it a name like others
        set_value,            // = or TO behind a setting's name, or more of the name
        set_qualified,        // the name's part behind a dot
        set_to,               // its value: DEFAULT makes it a RESET
        reset,                // what follows RESET
        reset_keyword,        // what follows RESET SESSION or ROLE: a dot makes it a name
        set_exempt,           // SET LOCAL, unless it is a name: SET local.x = …
        create,               // CREATE OR REPLACE GLOBAL …, and TEMP may come
        prepare,              // the name, or TRANSACTION
        prepare_transaction,  // its identifier, unless TRANSACTION was the name
    };
    // The word right before, where it matters.
    enum class Before : std::uint8_t { nothing, insert, into, insert_into, with, on, on_commit };
    // A set_config(…) call, whose last argument may be `true`: then it ends with the transaction.
    enum class Config : std::uint8_t { none, named, called };
    enum class Argument : std::uint8_t { empty, is_true, other };

    // Most words of most statements: nothing waits for them and they are no name that acts.
    static bool is_harmless(std::string_view text) {
        switch (text.front() | 0x20) {
            case 's':
                return text.size() != 10;  // set_config
            case 'p':
                return text.size() < 7 || text[2] != '_';  // pg_temp, pg_advisory_…
            case 'i':
                return text.size() != 4 && text.size() != 6;  // into, insert
            default:
                return true;
        }
    }

    void judge_word(std::string_view text);
    void judge_symbol(char c);
    void first_word(std::string_view lower);
    void expected_word(std::string_view lower);
    void loose_word(std::string_view lower);
    void pair(std::string_view lower);
    void name(std::string_view lower);
    void config_argument(std::string_view lower);
    void config_symbol(char c);
    void settle();
    void set_word(std::string_view lower);
    void reset_word(std::string_view lower);
    void quoted_setting(std::string_view text);
    void keyword_set();
    void set_to_default();
    void setting_named(std::string_view name);
    void setting_unknown();

    std::vector<std::string> settings_, resets_;
    std::string setting_;  // whose = or TO is to come
    bool settings_unknown_ = false;
    bool resets_all_ = false;
    bool sets_locally_ = false;
    bool drops_statements_ = false;
    bool updates_ = false;    // UPDATE or WITH: of pg_settings it sets what its rows name
    bool resetting_ = false;  // setting_ stands behind RESET: nothing need follow
    std::uint32_t effects_ = 0;
    std::uint32_t config_depth_ = 0;
    Expect expect_ = Expect::first_word;
    Before before_ = Before::nothing;
    Config config_ = Config::none;
    Argument argument_ = Argument::other;
    bool quiet_ = false;  // only what is_harmless() lets through matters
    bool loose_ = false;
    bool declares_ = false;      // DECLARE: WITH HOLD may come
    bool temp_pending_ = false;  // CREATE TEMP: ON COMMIT DROP may come
};

}  // namespace weir::wire::postgresql
