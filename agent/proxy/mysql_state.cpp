// The state of a MySQL client's session on shared connections: what it sets is remembered as the
// server's trackers tell it and carried to whichever connection serves it next; what can't be
// carried keeps the connection. Source: MariaDB documentation, "Session Tracking"; tried on 10.11:
// the trackers tell of SET and of what a routine leaves, but not of @x := in a query.
#include <algorithm>
#include <array>
#include <utility>

#include "proxy/mysql_server.h"
#include "proxy/mysql_session.h"
#include "proxy/mysql_settings.h"
#include "proxy/pool_loop.h"
#include "wire/mysql/session_state.h"

namespace weir::proxy {

namespace my = wire::mysql;
using my::trait_bit;
using my::trait_bits;
using telemetry::PinReason;

namespace {

constexpr std::uint16_t syntax_error = 1064;

// Character sets with characters whose second byte may be a backslash.
bool is_wide(std::string_view charset) {
    constexpr std::array wide =
        std::to_array<std::string_view>({"big5", "cp932", "gb18030", "gbk", "sjis"});
    return std::binary_search(wide.begin(), wide.end(), charset);
}

bool is_xa_end(std::string_view request) {
    std::string text = lower_case(request);
    return text.find("commit") != std::string::npos || text.find("rollback") != std::string::npos;
}

}  // namespace

bool MysqlSession::settings_agree() {
    return server().agrees(settings_) || !server().synchronize(settings_);
}

void MysqlSession::settings_refused(std::string_view error) {
    const auto why = my::read_error(error);
    awaiting_ = false;
    farewell({"HY000",
              why ? std::string(why->message)
                  : "a setting of this session can't be set on another server connection",
              {}},
             telemetry::ClientClose::upstream_lost);
}

// What follows from its settings for texts.
void MysqlSession::read_settings() {
    if (read_settings_ == settings_) return;
    read_settings_ = settings_;
    const std::string* const charset = settings_->find("character_set_client");
    wide_characters_ = charset != nullptr && is_wide(*charset);
    analysis_ = mysql_analysis(*settings_);
}

my::StatementScan::Rules MysqlSession::rules() {
    read_settings();
    const std::uint16_t status = read_status();
    return {(status & my::status::no_backslash_escapes) != 0,
            (status & my::status::ansi_quotes) != 0, wide_characters_};
}

// Flags of the server by which texts are read.
std::uint16_t MysqlSession::read_status() const {
    constexpr auto flags =
        static_cast<std::uint16_t>(my::status::no_backslash_escapes | my::status::ansi_quotes);
    const std::uint16_t now = server_ == nullptr ? status_ : server().tracker().status();
    return now & flags;
}

// -- what the server says

void MysqlSession::state_told(std::string_view session_state) {
    my::StateChanges changes(session_state);
    my::StateChange change;
    bool charset = false, collation = false;
    while (changes.next(change)) {
        switch (change.kind) {
            case my::StateChange::Kind::system_variable:
                turn_.variables_changed = true;
                charset = charset || change.name == connection_charset;
                collation = collation || change.name == connection_collation;
                variable_told(change.name, change.value);
                break;
            case my::StateChange::Kind::schema:
                turn_.schema_changed = change.value != tenant_.database;
                effects_ &= ~schema_effect;
                if (turn_.schema_changed) effects_ |= schema_effect;
                break;
            case my::StateChange::Kind::state_change:
                turn_.state_changed = true;
                break;
            case my::StateChange::Kind::transaction_characteristics:
                once_ = change.value.starts_with("SET ");
                break;
            default:
                break;
        }
    }
    // SET NAMES … COLLATE says nothing of the collation.
    if (charset && !collation) asks_collation_ = true;
}

void MysqlSession::variable_told(std::string_view name, std::string_view value) {
    if ((turn_.traits & trait_bit(Trait::statement_set)) != 0) return;  // over already
    if (name == "last_insert_id" || name == "identity") return;         // remember() knows
    if (!mysql_carried(name)) {
        effects_ |= trait_bit(Trait::one_shot);
        return;
    }
    settings_ = tenant_.sets.with(*settings_, name, value);
    server().set_applied(tenant_.sets.with(*server().applied(), name, value));
}

void MysqlSession::collation_told(const std::string& collation) {
    if (collation.empty()) return;
    settings_ = tenant_.sets.with(*settings_, connection_collation, collation);
    server().set_applied(tenant_.sets.with(*server().applied(), connection_collation, collation));
}

void MysqlSession::routine_told(bool variables, bool others) {
    if (variables) effects_ |= trait_bit(Trait::user_variable_set);
    if (others) effects_ |= trait_bit(Trait::unknown);
}

// -- what is left behind

void MysqlSession::note_effects() {
    Traits left = turn_.traits & lasting_traits;
    // A routine may set variables or not: it is looked at afterwards.
    const bool calls = (turn_.traits & trait_bit(Trait::calls)) != 0;
    asks_variables_ = calls && (effects_ & trait_bit(Trait::user_variable_set)) == 0;
    if (calls) left &= ~trait_bit(Trait::user_variable_set);
    // Of what is told then nobody knows whether it outlasts the statement.
    const bool more =
        turn_.statements > 1 || calls || (turn_.traits & trait_bit(Trait::setting)) != 0;
    if ((turn_.traits & trait_bit(Trait::statement_set)) != 0 && more) {
        left |= trait_bit(Trait::unknown);
    }
    const my::StatementWords& words = scan_.words();
    if (turn_.command == Command::query && (turn_.traits & trait_bit(Trait::setting)) != 0) {
        for (std::size_t i = 0; i < words.settings(); ++i) {
            if (!mysql_carried(words.setting(i))) left |= trait_bit(Trait::one_shot);
        }
    }
    turn_.left = left & ~effects_;
    effects_ |= left;
}

void MysqlSession::end_effects() {
    const my::Outcome& outcome = server().tracker().outcome();
    const Traits traits = turn_.traits;
    // A text that can't be read has done nothing. Compound statements, which may fail half-way with
    // the same number, have a semicolon within and count as several.
    const bool unread = outcome.error == syntax_error && turn_.verb == my::Verb::other &&
                        turn_.statements == 1 && (traits & trait_bit(Trait::calls)) == 0;
    if (unread && turn_.left == trait_bit(Trait::unknown)) effects_ &= ~turn_.left;
    constexpr Traits explained =
        lasting_traits |
        trait_bits({Trait::temporary_table_dropped, Trait::deallocated, Trait::handler_closed,
                    Trait::statement_set, Trait::setting, Trait::tables_unlocked,
                    Trait::uses_database, Trait::last_insert_id_set});
    // Something besides variables, by a trigger perhaps; of what a CALL sets they explain it, and
    // the rest is asked for.
    const bool calls = (traits & trait_bit(Trait::calls)) != 0;
    if (turn_.state_changed && !turn_.schema_changed && (traits & explained) == 0 &&
        !(calls && turn_.variables_changed)) {
        effects_ |= trait_bit(Trait::unknown);
    }
    if (once_ && calls) effects_ |= trait_bit(Trait::transaction_once);
    if (!once_) effects_ &= ~trait_bit(Trait::transaction_once);
    if (outcome.failed || turn_.statements != 1) return;
    if ((traits & trait_bit(Trait::tables_unlocked)) != 0) {
        effects_ &= ~trait_bits({Trait::tables_locked, Trait::read_locked});
    }
    if ((traits & trait_bit(Trait::advisory_locks_released)) != 0 &&
        (traits & trait_bit(Trait::advisory_lock_taken)) == 0) {
        effects_ &= ~trait_bit(Trait::advisory_lock_taken);
    }
    if ((traits & trait_bit(Trait::distributed)) != 0 && !server().in_transaction() &&
        is_xa_end(server().request())) {
        effects_ &= ~trait_bit(Trait::distributed);
    }
}

bool MysqlSession::state_left() const { return effects_ != 0 || has_open_statement(); }

bool MysqlSession::left_before() const {
    return (effects_ & ~turn_.left) != 0 || has_open_statement();
}

bool MysqlSession::state_to_reset() const {
    return !keeps_connection() &&
           tenant_.pool->settings().session_state == settings::SessionState::reset &&
           (state_left() || settings_ != startup_);
}

PinReason MysqlSession::pin_reason() const {
    struct Entry {
        Traits traits;
        PinReason reason;
    };
    static constexpr std::array reasons{
        Entry{trait_bit(Trait::prepared), PinReason::prepared},
        Entry{trait_bit(Trait::temporary_table_created), PinReason::temp_table},
        Entry{trait_bit(Trait::advisory_lock_taken), PinReason::advisory_lock},
        Entry{trait_bit(Trait::user_variable_set), PinReason::user_variable},
        Entry{trait_bits({Trait::tables_locked, Trait::read_locked, Trait::handler_opened,
                          Trait::distributed}),
              PinReason::lock},
        Entry{trait_bits({Trait::transaction_once, Trait::one_shot}), PinReason::setting},
    };
    if (!cursors_.empty()) return PinReason::cursor;
    for (const Entry& entry : reasons) {
        if ((effects_ & entry.traits) != 0) return entry.reason;
    }
    return PinReason::other;
}

}  // namespace weir::proxy
