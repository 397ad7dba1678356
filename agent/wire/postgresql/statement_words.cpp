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

// Most texts have set nothing: their lists need not be touched.
void StatementWords::restart() {
    if (!found_nothing() || settings_unknown_ || !setting_.empty()) {
        *this = StatementWords();
        return;
    }
    config_depth_ = 0;
    expect_ = Expect::first_word;
    before_ = Before::nothing;
    config_ = Config::none;
    argument_ = Argument::other;
    quiet_ = loose_ = declares_ = temp_pending_ = resetting_ = updates_ = false;
}

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
    if (lower == "reset") expect_ = Expect::reset;
    if (lower == "create") expect_ = Expect::create;
    if (lower == "prepare") expect_ = Expect::prepare;
    if (lower == "listen") found(Effect::listen);
    if (lower == "execute") found(Effect::prepared);
    if (lower == "load") found(Effect::other);
    if (lower == "declare") declares_ = true;
    if (lower == "discard" || lower == "deallocate") drops_statements_ = true;
    updates_ = lower == "update" || lower == "with";
    if (lower == "do" || lower == "call" || lower == "explain") loose_ = true;
}

void StatementWords::expected_word(std::string_view lower) {
    const Expect expected = expect_;
    expect_ = Expect::anything;
    switch (expected) {
        case Expect::set:
        case Expect::set_session:
            set_word(lower);
            return;
        case Expect::set_time:
            if (lower == "zone") {
                setting_named("timezone");
            } else {
                setting_unknown();
            }
            return;
        case Expect::set_keyword:
            keyword_set();
            if (lower == "default") set_to_default();
            return;
        case Expect::set_to:
            if (lower == "default" || lower == "local") set_to_default();
            return;
        case Expect::reset_keyword:
            return;
        case Expect::set_value:
            if (lower == "to" && !resetting_) {
                setting_named(setting_);
            } else {
                setting_unknown();
            }
            return;
        case Expect::set_qualified:
            setting_ += lower;
            expect_ = Expect::set_value;
            return;
        case Expect::reset:
            reset_word(lower);
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
    if (lower == "pg_settings" && (updates_ || loose_)) {
        found(Effect::setting);
        setting_unknown();
    }
    if (lower.starts_with("pg_temp")) found(Effect::temp_table);
    if (lower.starts_with("pg_advisory_lock") || lower.starts_with("pg_try_advisory_lock")) {
        found(Effect::advisory_lock);
    }
    if (lower != "set_config") return;
    if (loose_ || config_ != Config::none) {
        found(Effect::setting);
        setting_unknown();
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
    if (config_ != Config::none) config_argument("\"");  // "true" is a column
    if (expect_ == Expect::set_keyword) keyword_set();
    if (expect_ == Expect::set || expect_ == Expect::set_session || expect_ == Expect::reset ||
        expect_ == Expect::set_qualified) {
        quoted_setting(text);
        name(text);
        settle();
        return;
    }
    if (expect_ == Expect::set_value || expect_ == Expect::set_time) setting_unknown();
    if (expect_ == Expect::prepare || expect_ == Expect::prepare_transaction) {
        found(Effect::prepared);
    }
    expect_ = Expect::anything;
    before_ = Before::nothing;
    name(text);
    settle();
}

// "TimeZone" names what TimeZone does: settings' names are told apart without regard to case.
void StatementWords::quoted_setting(std::string_view text) {
    std::array<char, longest> room;
    const bool resets = expect_ == Expect::reset;
    const std::string_view lower = folded(text, room);
    if (expect_ != Expect::set_qualified && !resets &&
        (lower == "role" || lower == "session_authorization")) {
        found(Effect::other);
    }
    if (expect_ == Expect::set_qualified) {
        setting_ += lower;
    } else if (lower == "seed") {
        setting_unknown();
        expect_ = Expect::anything;
        before_ = Before::nothing;
        return;
    } else {
        if (!resets) found(Effect::setting);
        setting_ = folded(text, room);
        resetting_ = resets;
    }
    expect_ = Expect::set_value;
    before_ = Before::nothing;
}

void StatementWords::judge_symbol(char c) {
    if (c == ';') return end();
    if (config_ != Config::none) config_symbol(c);
    switch (expect_) {
        case Expect::set:
        case Expect::set_session:
            found(Effect::setting);
            setting_unknown();
            break;
        case Expect::set_value:
            if (c == '.') {
                setting_ += c;
                expect_ = Expect::set_qualified;
                return;
            }
            if (c == '=' && !resetting_) {
                expect_ = Expect::anything;
                setting_named(setting_);
                before_ = Before::nothing;
                settle();
                return;
            }
            setting_unknown();
            break;
        case Expect::set_keyword:
            if (c == '.') {
                setting_unknown();
            } else {
                keyword_set();
            }
            break;
        case Expect::reset_keyword:
            if (c == '.') {
                found(Effect::setting);
                setting_unknown();
            }
            break;
        case Expect::set_time:
        case Expect::set_qualified:
        case Expect::reset:
            found(Effect::setting);
            setting_unknown();
            break;
        case Expect::set_exempt:
            if (c == '.' || c == '=') {
                found(Effect::setting);
                setting_unknown();
            }
            break;
        case Expect::prepare:
            found(Effect::prepared);
            break;
        case Expect::prepare_transaction:
            if (c != '\'' && c != '$') found(Effect::prepared);
            break;
        case Expect::create:
        case Expect::set_to:
        case Expect::first_word:
        case Expect::anything:
            break;
    }
    if (expect_ != Expect::first_word) expect_ = Expect::anything;
    before_ = Before::nothing;
    settle();
}

void StatementWords::end() {
    if (temp_pending_) found(Effect::temp_table);
    if (expect_ == Expect::set || expect_ == Expect::set_session || config_ == Config::called) {
        found(Effect::setting);
        setting_unknown();
    }
    if (expect_ == Expect::set_keyword) {
        keyword_set();
        set_to_default();
    }
    updates_ = false;
    if (expect_ == Expect::set_value && resetting_) {
        setting_named(setting_);
    } else if (expect_ == Expect::set_value || expect_ == Expect::set_qualified) {
        setting_unknown();
    }
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
