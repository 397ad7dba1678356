// What SET assigns: the part of StatementWords that follows its list.
// Source: "SET": SET variable [, variable]…, with GLOBAL, SESSION or LOCAL before a name or as
// @@global.name; "SET NAMES", "SET TRANSACTION", "SET STATEMENT", "SET ROLE", "SET PASSWORD".
#include <algorithm>
#include <array>

#include "wire/mysql/statement_words.h"

namespace weir::wire::mysql {

namespace {

constexpr std::size_t longest_setting = 64;

}  // namespace

void StatementWords::set_word(std::string_view text, Keyword keyword) {
    switch (now_.expect) {
        case Expect::set_target:
            return set_target_word(text, keyword);
        case Expect::set_charset:
            if (keyword != Keyword::set) found(Trait::settings_unknown);
            now_.expect = Expect::set_value;
            return;
        case Expect::set_name:  // something else than = is between them
            found(Trait::settings_unknown);
            now_.expect = Expect::set_value;
            return;
        case Expect::set_for:
            if (keyword == Keyword::for_word && now_.depth == 0) now_.expect = Expect::first_word;
            return;
        default:
            return;
    }
}

void StatementWords::set_target_word(std::string_view text, Keyword keyword) {
    now_.expect = Expect::set_rest;
    switch (keyword) {
        case Keyword::global:
        case Keyword::persist:
        case Keyword::persist_only:
            found(Trait::global_set);
            now_.scope = Scope::global;
            now_.expect = Expect::set_target;
            return;
        case Keyword::session:
        case Keyword::local:
            now_.scope = Scope::session;
            now_.expect = Expect::set_target;
            return;
        case Keyword::transaction:
            if (now_.scope == Scope::none) found(Trait::transaction_once);
            if (now_.scope == Scope::session) add_setting("transaction");
            return;
        case Keyword::names:
            now_.rules_changed = true;
            add_setting("names");
            now_.expect = Expect::set_value;
            return;
        case Keyword::character:
        case Keyword::charset:
            now_.rules_changed = true;
            add_setting("character set");
            now_.expect = keyword == Keyword::character ? Expect::set_charset : Expect::set_value;
            return;
        case Keyword::password:
            found(Trait::password_set);
            now_.expect = Expect::set_value;
            return;
        case Keyword::role:
            found(Trait::role_set);
            now_.expect = Expect::set_value;
            return;
        case Keyword::default_word:  // SET DEFAULT ROLE: of the account
            now_.expect = Expect::set_value;
            return;
        case Keyword::statement:
            found(Trait::statement_set);
            now_.expect = Expect::set_for;
            return;
        default:
            assign(text, keyword);
            now_.expect = Expect::set_name;
    }
}

void StatementWords::set_symbol(char c) {
    switch (now_.expect) {
        case Expect::set_name:
            // a.b = … is a structured variable or a trigger's column.
            if (c != '=' && c != ':') found(Trait::settings_unknown);
            now_.expect = Expect::set_value;
            return;
        case Expect::set_value:
        case Expect::set_for:
            if (c == '(') ++now_.depth;
            if (c == ')' && now_.depth > 0) --now_.depth;
            if (c == ',' && now_.depth == 0 && now_.expect == Expect::set_value) {
                now_.expect = Expect::set_target;
                now_.scope = Scope::none;
            }
            return;
        case Expect::set_target:
        case Expect::set_charset:
            found(Trait::settings_unknown);
            now_.expect = Expect::set_value;
            return;
        default:
            return;
    }
}

// After GLOBAL a name without a scope may be meant globally or not: servers differ, so that it
// counts as the session's.
void StatementWords::assign(std::string_view name, Keyword keyword) {
    if (now_.scope == Scope::global) return found(Trait::global_set);
    switch (keyword) {
        case Keyword::last_insert_id:
        case Keyword::identity:
            return found(Trait::last_insert_id_set);
        case Keyword::timestamp:
        case Keyword::insert_id:
        case Keyword::rand_seed1:
        case Keyword::rand_seed2:
        case Keyword::pseudo_thread_id:
        case Keyword::gtid_next:
        case Keyword::gtid_seq_no:
            return found(Trait::one_shot);
        case Keyword::transaction_isolation:
        case Keyword::transaction_read_only:
        case Keyword::tx_isolation:
        case Keyword::tx_read_only:
            if (now_.scope == Scope::bare) return found(Trait::transaction_once);
            break;
        case Keyword::sql_mode:
        case Keyword::character_set_client:
            now_.rules_changed = true;
            break;
        default:
            break;
    }
    std::array<char, longest_setting> lower{};
    if (name.empty() || name.size() > lower.size()) {
        found(Trait::setting);
        return found(Trait::settings_unknown);
    }
    std::transform(name.begin(), name.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    add_setting({lower.data(), name.size()});
}

void StatementWords::add_setting(std::string_view lower_case) {
    found(Trait::setting);
    if (now_.settings == most_settings) return found(Trait::settings_unknown);
    settings_[now_.settings++] = lower_case;
}

}  // namespace weir::wire::mysql
