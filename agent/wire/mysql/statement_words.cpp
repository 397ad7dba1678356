#include "wire/mysql/statement_words.h"

#include <charconv>

#include "wire/mysql/first_words.h"

namespace weir::wire::mysql {

void StatementWords::restart() {
    now_ = Now{};
    database_.reset();
    kill_.reset();
}

void StatementWords::word(std::string_view text, std::uint64_t position) {
    const Keyword keyword = find_keyword(text);
    if (keyword != Keyword::none || !quiet()) {
        token('\0', position);
        judge_word(text, position, keyword);
    }
    now_.previous = keyword;
}

// `get_lock`(…) calls the function, too; any other name in quotes is no word.
void StatementWords::quoted_name(std::string_view text, std::uint64_t position) {
    const Keyword keyword = find_keyword(text);
    const bool doubled = now_.reference == Reference::variable;  // @`a``b` is one name
    token('\0', position);
    if (refer(text, keyword)) return;
    if (doubled) now_.reference = Reference::variable;
    if (now_.expect == Expect::first_word) {
        found(Trait::unknown);
        now_.expect = Expect::anything;
    } else if (now_.expect == Expect::set_target) {
        assign(text, keyword);
        now_.expect = Expect::set_name;
    } else if (now_.expect == Expect::use || now_.expect == Expect::used) {
        use_name(text);
    } else if (now_.expect == Expect::kill || now_.expect == Expect::killed) {
        kill_word(text, Keyword::none);
    } else if (now_.expect == Expect::create || now_.expect == Expect::drop ||
               now_.expect == Expect::start) {
        now_.expect = Expect::anything;
    }
    if (is_function(keyword)) anywhere(keyword, position);
    now_.previous = Keyword::none;
}

void StatementWords::string() { symbol('\'', 0); }

void StatementWords::symbol(char c, std::uint64_t position) {
    if (c != ';' && c != '@' && quiet()) {
        now_.previous = Keyword::none;
        return;
    }
    if (c == ';') {
        if (now_.call == Call::opened) argued(false, position);
        return end_statement();
    }
    const bool into = now_.previous == Keyword::into;
    const Reference reference = now_.reference;
    token(c, position);
    now_.previous = Keyword::none;
    now_.reference = Reference::none;
    if (c == '@') {
        now_.reference = reference == Reference::at ? Reference::at_at : Reference::at;
        if (into) found(Trait::user_variable_set);
        if (now_.expect == Expect::first_word) {
            found(Trait::unknown);
            now_.expect = Expect::anything;
        }
        if (now_.expect == Expect::kill || now_.expect == Expect::killed)
            kill_word("@", Keyword::none);
        return;
    }
    if (reference == Reference::at && c == '\'') return user_variable();
    if (c == '.' && reference == Reference::scope) now_.reference = Reference::scope_dot;
    if (c == '.' && reference == Reference::variable) now_.reference = Reference::variable_dot;
    if (c == '\'' && reference == Reference::variable) now_.reference = reference;  // @'a''b'
    if (now_.reference != Reference::none) return;
    if (c == ':' && reference == Reference::variable) found(Trait::user_variable_set);
    if (setting_expected()) return set_symbol(c);
    switch (now_.expect) {
        case Expect::first_word:
            if (c != '(') {
                found(Trait::unknown);
                now_.expect = Expect::anything;
            }
            return;
        case Expect::begin:
            found(Trait::calls);
            found(Trait::unknown);
            now_.expect = Expect::anything;
            return;
        case Expect::create:
        case Expect::drop:
        case Expect::start:
            now_.expect = Expect::anything;
            return;
        case Expect::use:
        case Expect::used:
            return use_name({});
        case Expect::kill:
        case Expect::killed:
            return kill_word({&c, 1}, Keyword::none);
        default:
            return;
    }
}

void StatementWords::end() {
    if (now_.call == Call::opened) argued(false, 0);
    end_statement();
}

// Before any token but ; is judged. `c`: its symbol, 0 for a word or name.
void StatementWords::token(char c, std::uint64_t position) {
    if (!now_.begun) {
        now_.begun = true;
        ++now_.statements;
        if (now_.rules_changed) found(Trait::unknown);
    }
    if (now_.call == Call::none) return;
    if (now_.call == Call::opened) {
        now_.call = Call::none;
        argued(c == ')', position + 1);
    } else {
        now_.call = c == '(' ? Call::opened : Call::none;
        if (c == '(') called();
    }
}

void StatementWords::judge_word(std::string_view text, std::uint64_t position, Keyword keyword) {
    if (now_.reference != Reference::none && refer(text, keyword)) return;
    if (now_.expect == Expect::first_word) {
        first_word(keyword);
    } else if (now_.expect != Expect::anything) {
        if (setting_expected()) {
            set_word(text, keyword);
        } else {
            expected_word(text, keyword);
        }
    }
    if (keyword != Keyword::none) anywhere(keyword, position);
}

void StatementWords::first_word(Keyword keyword) {
    const FirstWord first = first_word_meaning(keyword);
    now_.first = keyword;
    now_.traits |= first.traits;
    if (now_.statements == 1) now_.verb = first.verb;
    switch (keyword) {
        case Keyword::set:
            now_.expect = Expect::set_target;
            now_.scope = Scope::none;
            now_.depth = 0;
            return;
        case Keyword::begin:
            now_.expect = Expect::begin;
            return;
        case Keyword::start:
            now_.expect = Expect::start;
            return;
        case Keyword::rollback:
            now_.pending = trait_bit(Trait::rolls_back);
            [[fallthrough]];
        case Keyword::commit:
            now_.expect = Expect::end;
            return;
        case Keyword::create:
            now_.expect = Expect::create;
            return;
        case Keyword::drop:
            now_.expect = Expect::drop;
            return;
        case Keyword::flush:
            now_.expect = Expect::flush;
            return;
        case Keyword::show:
            now_.expect = Expect::show;
            return;
        case Keyword::get:
            now_.expect = Expect::get;
            return;
        case Keyword::handler:
            now_.expect = Expect::handler;
            return;
        case Keyword::load:
            now_.expect = Expect::load;
            return;
        case Keyword::use:
            now_.expect = Expect::use;
            return;
        case Keyword::kill:
            now_.expect = Expect::kill;
            now_.target = KillTarget{};
            return;
        default:
            now_.expect = Expect::anything;
    }
}

void StatementWords::expected_word(std::string_view text, Keyword keyword) {
    switch (now_.expect) {
        case Expect::begin:
            if (keyword != Keyword::work) {
                found(Trait::calls);
                found(Trait::unknown);
            }
            now_.expect = Expect::anything;
            return;
        case Expect::start:
            if (keyword == Keyword::transaction) {
                found(Trait::begins);
                if (now_.statements == 1) now_.verb = Verb::begin;
            }
            now_.expect = Expect::anything;
            return;
        case Expect::end:
            return ended_word(keyword);
        case Expect::create:
            if (keyword == Keyword::temporary) found(Trait::temporary_table_created);
            if (keyword != Keyword::or_word && keyword != Keyword::replace) {
                now_.expect = Expect::anything;
            }
            return;
        case Expect::drop:
            if (keyword == Keyword::temporary) found(Trait::temporary_table_dropped);
            if (keyword == Keyword::prepare) found(Trait::deallocated);
            now_.expect = Expect::anything;
            return;
        case Expect::flush:
            if (keyword == Keyword::read) found(Trait::read_locked);
            if (keyword == Keyword::export_word) found(Trait::tables_locked);
            return;
        case Expect::show:
            if (keyword == Keyword::warnings || keyword == Keyword::errors) {
                found(Trait::asks_diagnostics);
            }
            return;
        case Expect::get:
            if (keyword == Keyword::diagnostics) found(Trait::asks_diagnostics);
            return;
        case Expect::handler:
            if (keyword == Keyword::close) found(Trait::handler_closed);
            if (keyword == Keyword::open || keyword == Keyword::read) found(Trait::handler_opened);
            return;
        case Expect::load:
            if (keyword == Keyword::local) found(Trait::loads_local);
            return;
        case Expect::use:
        case Expect::used:
            return use_name(text);
        case Expect::kill:
        case Expect::killed:
            return kill_word(text, keyword);
        default:
            return;
    }
}

// COMMIT [WORK] [AND [NO] CHAIN] [[NO] RELEASE], ROLLBACK … TO savepoint.
void StatementWords::ended_word(Keyword keyword) {
    const bool denied = now_.previous == Keyword::no;
    if (keyword == Keyword::chain && !denied) found(Trait::chains);
    if (keyword == Keyword::release && !denied) found(Trait::disconnects);
    if (keyword == Keyword::to) {
        now_.pending = 0;
        if (now_.statements == 1) now_.verb = Verb::savepoint;
        now_.expect = Expect::anything;
    }
}

void StatementWords::kill_word(std::string_view text, Keyword keyword) {
    if (now_.expect == Expect::kill) {
        if (keyword == Keyword::hard || keyword == Keyword::soft ||
            keyword == Keyword::connection) {
            return;
        }
        if (keyword == Keyword::query) {
            now_.target.query = true;
            return;
        }
        const char* const end = text.data() + text.size();
        const auto [stop, error] = std::from_chars(text.data(), end, now_.target.id);
        ++now_.kills;
        kill_.reset();
        if (now_.kills == 1 && stop == end && error == std::errc()) kill_ = now_.target;
    } else {
        kill_.reset();
    }
    now_.expect = Expect::killed;
}

void StatementWords::use_name(std::string_view text) {
    const bool first = now_.expect == Expect::use && ++now_.uses == 1;
    const bool readable = !text.empty() && text.size() < longest;
    now_.expect = Expect::used;
    if (first && readable) {
        database_ = text;
    } else {
        database_.reset();
    }
}

void StatementWords::end_statement() {
    if (now_.begun && now_.expect == Expect::first_word) found(Trait::unknown);
    if (now_.expect == Expect::set_name || now_.expect == Expect::set_target) {
        found(Trait::settings_unknown);
    }
    now_.traits |= now_.pending;
    now_.pending = 0;
    now_.expect = Expect::first_word;
    now_.first = now_.previous = Keyword::none;
    now_.reference = Reference::none;
    now_.call = Call::none;
    now_.begun = false;
}

}  // namespace weir::wire::mysql
