#include "wire/postgresql/statement_words.h"

#include <algorithm>
#include <array>

namespace weir::wire::postgresql {

namespace {

// PostgreSQL folds ASCII; names with other letters are of no interest here.
std::string_view folded(std::string_view text, std::array<char, StatementWords::longest>& room) {
    const std::size_t size = std::min(text.size(), room.size());
    std::transform(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size), room.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    return {room.data(), size};
}

bool is_temporary(std::string_view lower) { return lower == "temp" || lower == "temporary"; }

}  // namespace

void StatementWords::judge_word(std::string_view text) {
    std::array<char, longest> room;
    const std::string_view lower = folded(text, room);
    if (config_ != Config::none) config_argument(lower);
    if (expect_ == Expect::first_word) {
        expect_ = Expect::anything;
        first_word(lower);
    } else if (expect_ != Expect::anything) {
        expected_word(lower);
    }
    if (loose_) loose_word(lower);
    name(lower);
    pair(lower);
    settle();
}

void StatementWords::first_word(std::string_view lower) {
    if (lower == "set") expect_ = Expect::set;
    if (lower == "create") expect_ = Expect::create;
    if (lower == "prepare") expect_ = Expect::prepare;
    if (lower == "listen") found(Effect::listen);
    if (lower == "execute") found(Effect::prepared);
    if (lower == "load") found(Effect::other);
    if (lower == "declare") declares_ = true;
    if (lower == "do" || lower == "call" || lower == "explain") loose_ = true;
}

void StatementWords::expected_word(std::string_view lower) {
    const Expect expected = expect_;
    expect_ = Expect::anything;
    switch (expected) {
        case Expect::set:
            if (lower == "local" || lower == "transaction" || lower == "constraints") {
                expect_ = Expect::set_exempt;
            } else if (lower == "session") {
                expect_ = Expect::set;
            } else {
                const bool role = lower == "role" || lower == "authorization";
                found(role ? Effect::other : Effect::setting);
            }
            return;
        case Expect::create:
            if (is_temporary(lower)) {
                temp_pending_ = true;
            } else if (lower == "or" || lower == "replace" || lower == "global" ||
                       lower == "local") {
                expect_ = Expect::create;
            }
            return;
        case Expect::prepare:
            if (lower == "transaction") {
                expect_ = Expect::prepare_transaction;
                return;
            }
            [[fallthrough]];
        case Expect::prepare_transaction:
            found(Effect::prepared);
            return;
        case Expect::set_exempt:
        case Expect::first_word:
        case Expect::anything:
            return;
    }
}

void StatementWords::loose_word(std::string_view lower) {
    if (is_temporary(lower)) found(Effect::temp_table);
    first_word(lower);
}

// Names that act wherever they stand, a function's in the first place.
void StatementWords::name(std::string_view lower) {
    if (lower.starts_with("pg_temp")) found(Effect::temp_table);
    if (lower.starts_with("pg_advisory_lock") || lower.starts_with("pg_try_advisory_lock")) {
        found(Effect::advisory_lock);
    }
    if (lower != "set_config") return;
    if (loose_ || config_ != Config::none) {
        found(Effect::setting);
    } else {
        config_ = Config::named;
    }
}

// Words that mean something next to each other, nothing but white space between them.
void StatementWords::pair(std::string_view lower) {
    const Before before = before_;
    before_ = Before::nothing;
    if (lower == "insert") {
        before_ = Before::insert;
    } else if (lower == "into") {
        before_ = before == Before::insert ? Before::insert_into : Before::into;
    } else if (before == Before::into) {  // INSERT INTO temp: a table of that name
        if (is_temporary(lower)) found(Effect::temp_table);
        if (lower == "local" || lower == "global") before_ = Before::into;
    } else if (lower == "with") {
        before_ = Before::with;
    } else if (lower == "on") {
        before_ = Before::on;
    } else if (lower == "commit" && before == Before::on) {
        before_ = Before::on_commit;
    } else if (lower == "drop" && before == Before::on_commit) {
        temp_pending_ = false;
    } else if (lower == "hold" && before == Before::with && (declares_ || loose_)) {
        found(Effect::cursor);
    }
}

void StatementWords::quoted_name(std::string_view text) {
    text = text.substr(0, longest);
    if (config_ != Config::none) config_argument(text);
    if (expect_ == Expect::set) found(Effect::setting);
    if (expect_ == Expect::prepare || expect_ == Expect::prepare_transaction) {
        found(Effect::prepared);
    }
    expect_ = Expect::anything;
    before_ = Before::nothing;
    name(text);
    settle();
}

void StatementWords::judge_symbol(char c) {
    if (c == ';') return end();
    if (config_ != Config::none) config_symbol(c);
    switch (expect_) {
        case Expect::set:
            found(Effect::setting);
            break;
        case Expect::set_exempt:
            if (c == '.' || c == '=') found(Effect::setting);
            break;
        case Expect::prepare:
            found(Effect::prepared);
            break;
        case Expect::prepare_transaction:
            if (c != '\'' && c != '$') found(Effect::prepared);
            break;
        case Expect::create:
        case Expect::first_word:
        case Expect::anything:
            break;
    }
    if (expect_ != Expect::first_word) expect_ = Expect::anything;
    before_ = Before::nothing;
    settle();
}

void StatementWords::config_argument(std::string_view lower) {
    if (config_ == Config::named) {
        config_ = Config::none;  // no call
        return;
    }
    argument_ =
        argument_ == Argument::empty && lower == "true" ? Argument::is_true : Argument::other;
}

void StatementWords::config_symbol(char c) {
    if (config_ == Config::named) {
        config_ = c == '(' ? Config::called : Config::none;
        config_depth_ = 1;
        argument_ = Argument::other;
        return;
    }
    if (c == '(') ++config_depth_;
    if (c == ')' && --config_depth_ == 0) {
        if (argument_ != Argument::is_true) found(Effect::setting);
        config_ = Config::none;
        return;
    }
    argument_ = c == ',' && config_depth_ == 1 ? Argument::empty : Argument::other;
}

void StatementWords::end() {
    if (temp_pending_) found(Effect::temp_table);
    if (expect_ == Expect::set || config_ == Config::called) found(Effect::setting);
    expect_ = Expect::first_word;
    before_ = Before::nothing;
    config_ = Config::none;
    temp_pending_ = declares_ = false;
    settle();
}

void StatementWords::settle() {
    quiet_ = expect_ == Expect::anything && config_ == Config::none && !loose_ && !declares_ &&
             !temp_pending_;
}

}  // namespace weir::wire::postgresql
