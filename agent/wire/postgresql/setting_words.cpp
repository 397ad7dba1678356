// The words behind SET and RESET, and the arguments of set_config(): which settings a text names.
#include <algorithm>
#include <initializer_list>
#include <utility>

#include "wire/postgresql/statement_words.h"

namespace weir::wire::postgresql {

void StatementWords::set_word(std::string_view lower) {
    const auto is_one_of = [lower](std::initializer_list<std::string_view> words) {
        return std::find(words.begin(), words.end(), lower) != words.end();
    };
    if (is_one_of({"local", "transaction", "constraints"})) {
        sets_locally_ = sets_locally_ || lower == "local";
        expect_ = Expect::set_exempt;
    } else if (lower == "session") {
        expect_ = Expect::set_session;
    } else if (is_one_of({"role", "authorization", "session_authorization"})) {
        found(Effect::other);
    } else {
        found(Effect::setting);
        if (loose_ || is_one_of({"xml", "seed", "catalog"})) {
            setting_unknown();
        } else if (lower == "time") {
            expect_ = Expect::set_time;
        } else if (is_one_of({"names", "schema", "characteristics"})) {
            setting_ = lower;
            expect_ = Expect::set_keyword;
        } else {
            setting_ = lower;
            resetting_ = false;
            expect_ = Expect::set_value;
        }
    }
}

void StatementWords::reset_word(std::string_view lower) {
    if (loose_) {
        found(Effect::setting);
        setting_unknown();
    } else if (lower == "all") {
        resets_all_ = true;
    } else if (lower == "time") {
        resetting_ = true;
        expect_ = Expect::set_time;
    } else if (lower == "session" || lower == "role") {
        // What SET ROLE and SET SESSION AUTHORIZATION did keeps its effect to the session's end.
        expect_ = Expect::reset_keyword;
    } else {
        setting_ = lower;
        resetting_ = true;
        expect_ = Expect::set_value;
    }
}

// SET NAMES, SCHEMA and CHARACTERISTICS, with something else than a dot behind them.
void StatementWords::keyword_set() {
    const std::string keyword = std::exchange(setting_, {});
    if (keyword == "names") {
        setting_named("client_encoding");
    } else if (keyword == "schema") {
        setting_named("search_path");
    } else {
        for (const std::string_view which : {"isolation", "read_only", "deferrable"}) {
            setting_named(std::string("default_transaction_").append(which));
        }
    }
}

void StatementWords::setting_named(std::string_view name) {
    if (name == "transaction_isolation" || name == "transaction_read_only" ||
        name == "transaction_deferrable") {
        setting_.clear();  // they end with it
        resetting_ = false;
        return;
    }
    std::vector<std::string>& names = resetting_ ? resets_ : settings_;
    if (names.size() >= most_settings || name.size() >= longest) {
        found(Effect::setting);
        settings_unknown_ = true;
    } else {
        names.emplace_back(name);
        if (!resetting_) expect_ = Expect::set_to;
    }
    setting_.clear();
    resetting_ = false;
}

// Of the setting named last. LOCAL is what SET TIME ZONE calls it.
void StatementWords::set_to_default() {
    expect_ = Expect::anything;
    if (settings_.empty()) return;
    resets_.push_back(std::move(settings_.back()));
    settings_.pop_back();
}

void StatementWords::setting_unknown() {
    found(Effect::setting);
    settings_unknown_ = true;
    setting_.clear();
    resetting_ = false;
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
        if (argument_ != Argument::is_true) {
            found(Effect::setting);
            setting_unknown();
        }
        config_ = Config::none;
        return;
    }
    argument_ = c == ',' && config_depth_ == 1 ? Argument::empty : Argument::other;
}

}  // namespace weir::wire::postgresql
