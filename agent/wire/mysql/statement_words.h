// What the words of a statement mean to its session: the lexer (statement_scan) hands them over one
// by one. Ordinary statements cost a look at each word's first letter and length. Pure.
// Source: MariaDB documentation, "SQL Statements"; MySQL Reference Manual, "SQL Statements".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "wire/mysql/keywords.h"
#include "wire/mysql/statement_traits.h"

namespace weir::wire::mysql {

// Bytes of a text, counted from its begin.
struct TextRange {
    std::uint64_t begin = 0, end = 0;
    friend bool operator==(const TextRange&, const TextRange&) = default;
};

// KILL [HARD | SOFT] [CONNECTION | QUERY] number.
struct KillTarget {
    bool query = false;  // the statement only, not its connection
    std::uint64_t id = 0;
};

class StatementWords {
  public:
    static constexpr std::size_t longest =
        192;  // of a word or name that is looked at; 64 characters
    static constexpr std::size_t most_settings = 16;
    static constexpr std::size_t most_connection_ids = 8;

    [[nodiscard]] Traits traits() const { return now_.traits; }
    [[nodiscard]] Verb verb() const { return now_.verb; }
    [[nodiscard]] std::uint32_t statements() const { return now_.statements; }

    // Session variables that SET assigns, in lower case; "names", "character set" and "transaction"
    // stand for SET NAMES, SET CHARACTER SET and SET SESSION TRANSACTION. Those that have a trait
    // of their own are left out. Complete unless Trait::settings_unknown.
    [[nodiscard]] std::size_t settings() const { return now_.settings; }
    [[nodiscard]] std::string_view setting(std::size_t index) const { return settings_[index]; }
    // Of USE; nothing when there was none, more than one, or none that could be read.
    [[nodiscard]] const std::optional<std::string>& database() const { return database_; }
    // Nothing when the text has no KILL, more than one, or one whose target is no plain number.
    [[nodiscard]] const std::optional<KillTarget>& kill() const { return kill_; }
    // Where CONNECTION_ID() stands, name to closing parenthesis; more than most_connection_ids:
    // the text is `unknown`.
    [[nodiscard]] std::size_t connection_ids() const { return now_.connection_ids; }
    [[nodiscard]] TextRange connection_id(std::size_t index) const {
        return connection_ids_[index];
    }

    // From the lexer. Positions are those of the token's first byte. A text longer than `longest`
    // may come cut to it.
    void restart();
    void word(std::string_view text, std::uint64_t position);
    void quoted_name(std::string_view text, std::uint64_t position);
    void string();
    void symbol(char c, std::uint64_t position);  // ; too. Digits begin words
    void end();                                   // of the text
    void found(Trait trait) { now_.traits |= trait_bit(trait); }

  private:
    // What the statement's next word would mean.
    enum class Expect : std::uint8_t {
        first_word,
        anything,
        begin,   // after BEGIN
        start,   // after START
        end,     // after COMMIT, ROLLBACK
        create,  // after CREATE: up to what is created
        drop,    // after DROP
        flush,   // and these: words of their own, wherever they stand in the statement
        show,
        get,
        handler,
        load,
        use,          // its name
        used,         // nothing more
        kill,         // its target
        killed,       // nothing more
        set_target,   // what SET assigns, or a word that says how
        set_charset,  // SET CHARACTER: SET
        set_name,     // after a variable's name: = or :=
        set_value,    // up to a comma
        set_rest,     // up to the end
        set_for       // SET STATEMENT: up to FOR
    };
    enum class Scope : std::uint8_t { none, session, global, bare };  // bare: @@name
    // After @.
    enum class Reference : std::uint8_t {
        none,
        at,
        at_at,
        scope,
        scope_dot,
        variable,
        variable_dot
    };
    enum class Call : std::uint8_t { none, named, opened };  // of a function that matters

    // All that a new text begins anew; the names it has found keep their memory.
    struct Now {
        Traits traits = 0;
        Traits pending = 0;  // of the statement, unless what follows says otherwise
        std::uint32_t statements = 0;
        std::uint32_t uses = 0, kills = 0;
        std::uint32_t depth = 0;  // parentheses open in SET's value
        std::size_t settings = 0, connection_ids = 0;
        std::uint64_t function_at = 0, name_end = 0;
        KillTarget target;
        Verb verb = Verb::none;
        Keyword function = Keyword::none;
        Keyword first = Keyword::none;     // of the statement
        Keyword previous = Keyword::none;  // the word before, when nothing stands between
        Expect expect = Expect::first_word;
        Scope scope = Scope::none;
        Reference reference = Reference::none;
        Call call = Call::none;
        bool begun = false;          // the statement has a token
        bool rules_changed = false;  // how the rest of the text is read depends on this statement
    };

    // In the midst of a statement that nothing is open in: most words and symbols of most texts.
    [[nodiscard]] bool quiet() const {
        return now_.expect == Expect::anything && now_.call == Call::none &&
               now_.reference == Reference::none;
    }
    void token(char c, std::uint64_t position);
    void judge_word(std::string_view text, std::uint64_t position, Keyword keyword);
    void first_word(Keyword keyword);
    void expected_word(std::string_view text, Keyword keyword);
    void ended_word(Keyword keyword);
    void kill_word(std::string_view text, Keyword keyword);
    void use_name(std::string_view text);
    void end_statement();
    // statement_references.cpp
    [[nodiscard]] bool refer(std::string_view text, Keyword keyword);
    void user_variable();
    void read_system_variable(Keyword keyword);
    [[nodiscard]] static bool is_function(Keyword keyword);
    void anywhere(Keyword keyword, std::uint64_t position);
    void called();
    void argued(bool none, std::uint64_t end);
    // statement_settings.cpp
    void set_word(std::string_view text, Keyword keyword);
    void set_symbol(char c);
    void set_target_word(std::string_view text, Keyword keyword);
    void assign(std::string_view name, Keyword keyword);
    void add_setting(std::string_view lower_case);
    [[nodiscard]] bool setting_expected() const {
        return now_.expect >= Expect::set_target && now_.expect <= Expect::set_for;
    }

    Now now_;
    std::array<std::string, most_settings> settings_;
    std::optional<std::string> database_;
    std::optional<KillTarget> kill_;
    std::array<TextRange, most_connection_ids> connection_ids_{};
};

}  // namespace weir::wire::mysql
