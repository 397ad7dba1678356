// Variables and functions in a statement: the part of StatementWords that acts wherever they stand.
#include "wire/mysql/statement_words.h"

namespace weir::wire::mysql {

// A name behind @ or @@; false: it is none of these.
bool StatementWords::refer(std::string_view text, Keyword keyword) {
    const Reference reference = now_.reference;
    now_.reference = Reference::none;
    switch (reference) {
        case Reference::none:
        case Reference::scope:
        case Reference::variable:
            return false;
        case Reference::variable_dot:
            now_.reference = Reference::variable;
            return true;
        case Reference::at:
            user_variable();
            return true;
        case Reference::at_at:
            if (keyword == Keyword::global || keyword == Keyword::session ||
                keyword == Keyword::local || keyword == Keyword::persist ||
                keyword == Keyword::persist_only) {
                now_.reference = Reference::scope;
                const bool own = keyword == Keyword::session || keyword == Keyword::local;
                if (now_.expect == Expect::set_target) {
                    now_.scope = own ? Scope::session : Scope::global;
                }
                return true;
            }
            now_.scope = Scope::bare;
            [[fallthrough]];
        case Reference::scope_dot:
            if (now_.expect == Expect::set_target) {
                assign(text, keyword);
                now_.expect = Expect::set_name;
            } else {
                read_system_variable(keyword);
            }
            return true;
    }
    return false;
}

void StatementWords::user_variable() {
    now_.reference = Reference::variable;
    now_.previous = Keyword::none;
    if (now_.expect == Expect::set_target) {
        found(Trait::user_variable_set);
        now_.expect = Expect::set_name;
        return;
    }
    found(Trait::user_variable_read);
    const bool may_be_set =
        now_.first == Keyword::call || now_.expect == Expect::load || now_.expect == Expect::get;
    if (may_be_set) found(Trait::user_variable_set);
}

void StatementWords::read_system_variable(Keyword keyword) {
    if (keyword == Keyword::last_insert_id || keyword == Keyword::identity) {
        found(Trait::asks_last_insert_id);
    }
    if (keyword == Keyword::warning_count || keyword == Keyword::error_count) {
        found(Trait::asks_diagnostics);
    }
}

bool StatementWords::is_function(Keyword keyword) {
    switch (keyword) {
        case Keyword::get_lock:
        case Keyword::release_lock:
        case Keyword::release_all_locks:
        case Keyword::found_rows:
        case Keyword::row_count:
        case Keyword::last_insert_id:
        case Keyword::connection_id:
        case Keyword::nextval:
        case Keyword::lastval:
            return true;
        default:
            return false;
    }
}

// Words that act wherever they stand, functions' names in the first place.
void StatementWords::anywhere(Keyword keyword, std::uint64_t position) {
    switch (keyword) {
        case Keyword::sql_calc_found_rows:
            found(Trait::found_rows_counted);
            return;
        case Keyword::value:
            if (now_.previous == Keyword::next) found(Trait::sequence_taken);
            if (now_.previous == Keyword::previous) found(Trait::asks_last_value);
            return;
        case Keyword::currval:  // and s.nextval, as Oracle has it
            found(Trait::asks_last_value);
            return;
        case Keyword::nextval:
            found(Trait::sequence_taken);
            return;
        default:
            if (!is_function(keyword)) return;
            now_.call = Call::named;
            now_.function = keyword;
            now_.function_at = position;
    }
}

// A function's opening parenthesis.
void StatementWords::called() {
    switch (now_.function) {
        case Keyword::get_lock:
            return found(Trait::advisory_lock_taken);
        case Keyword::release_lock:
            return found(Trait::advisory_lock_released);
        case Keyword::release_all_locks:
            return found(Trait::advisory_locks_released);
        case Keyword::found_rows:
            return found(Trait::asks_found_rows);
        case Keyword::row_count:
            return found(Trait::asks_row_count);
        case Keyword::lastval:
            return found(Trait::asks_last_value);
        case Keyword::connection_id:
            return found(Trait::asks_connection_id);
        default:
            return;
    }
}

// What stands behind that parenthesis. `none`: the closing one, which ends before `end`.
void StatementWords::argued(bool none, std::uint64_t end) {
    now_.call = Call::none;
    if (now_.function == Keyword::last_insert_id) {
        found(none ? Trait::asks_last_insert_id : Trait::last_insert_id_set);
    }
    if (now_.function != Keyword::connection_id || !none) return;
    if (now_.connection_ids == most_connection_ids) return found(Trait::unknown);
    connection_ids_[now_.connection_ids++] = {now_.function_at, end};
}

}  // namespace weir::wire::mysql
