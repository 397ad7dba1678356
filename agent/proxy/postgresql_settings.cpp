// A client's session settings in shared connections: what it sets is remembered, and carried to
// whichever connection serves it next. Source: PostgreSQL documentation, "SET", "RESET". Rules:
// what became of a SET only the server can say, once the transaction is over; what the text does
// not name can't be carried and keeps the connection.
#include <algorithm>

#include "proxy/pool_loop.h"
#include "proxy/postgresql_server.h"
#include "proxy/postgresql_session.h"
#include "wire/postgresql/messages.h"
#include "wire/postgresql/settings_messages.h"

namespace weir::proxy {

namespace pg = wire::postgresql;
using pg::Effect;
using telemetry::ClientClose;

namespace {

// Reported, but not a setting that a session could be given.
constexpr std::array<std::string_view, 6> not_settable{
    "in_hot_standby",  "integer_datetimes", "is_superuser",
    "server_encoding", "server_version",    "session_authorization",
};

void add(std::vector<std::string>& names, const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

}  // namespace

// Precondition: linked just now. False: its settings are on their way first.
bool PostgresqlSession::settings_agree() {
    if (!server().agrees(settings_) && server().synchronize(settings_)) {
        synchronizing_ = true;
        return false;
    }
    tell_parameters();
    return true;
}

void PostgresqlSession::settings_applied() {
    synchronizing_ = false;
    tell_parameters();
    home_.loop().defer(*this);
}

void PostgresqlSession::settings_refused(std::string_view error) {
    synchronizing_ = false;
    const auto fields = pg::read_error(error);
    Answer why{"58000", "a setting of this session can't be set on another server connection", {}};
    if (fields) {
        why.sqlstate = fields->sqlstate;
        why.message = fields->message;
    }
    farewell(why,
             phase_ == Phase::greeting ? ClientClose::login_failed : ClientClose::upstream_lost,
             true);
}

// Where the connection's parameters are others than the client was told.
void PostgresqlSession::tell_parameters() {
    const ParameterSetRef& now = server().reported();
    if (phase_ == Phase::greeting || known_ == now) return;
    for (const auto& [name, value] : now->values) {
        const std::string* const before = known_->find(name);
        if (before == nullptr || *before != value) {
            reply(pg::parameter_status(pg::reported_name(name), value));
        }
    }
    known_ = now;
}

// The server says so by itself; the client gets to know it right behind.
void PostgresqlSession::parameter_reported(const std::string& name, std::string_view value) {
    known_ = server().reported();
    if (discarded_) return;  // back to what the connection began with
    if (std::find(not_settable.begin(), not_settable.end(), name) != not_settable.end()) {
        if (name == "is_superuser" || name == "session_authorization") {
            note_effects(pg::effect_bit(Effect::other));
        }
        return;
    }
    // A server that is made read-only must not look like a client that wants to be.
    if (name == "default_transaction_read_only" && !settings_changing() &&
        (effects_ & pg::effect_bit(Effect::setting)) == 0) {
        return;
    }
    remember(name, value);
}

void PostgresqlSession::remember(const std::string& name, std::string_view value) {
    ParameterSets& sets = tenant_.sets;
    const std::string* const own = server().base()->find(name);
    const bool unsaid = startup_->find(name) == nullptr && own != nullptr && *own == value;
    const auto changed = [&](const ParameterSet& set) {
        return unsaid ? sets.without(set, name) : sets.with(set, name, value);
    };
    settings_ = changed(*settings_);
    server().set_applied(changed(*server().applied()));
}

// The connection has its own value again, which is not always the one that the session began with.
void PostgresqlSession::forget(const std::string& name) {
    ParameterSets& sets = tenant_.sets;
    const std::string* const at_start = startup_->find(name);
    settings_ = at_start == nullptr ? sets.without(*settings_, name)
                                    : sets.with(*settings_, name, *at_start);
    server().set_applied(sets.without(*server().applied(), name));
}

// What a text may do when it is executed.
void PostgresqlSession::note(const StatementActs& acts) {
    if (!acts.any()) return;
    note_effects(acts.effects);
    for (const std::string& name : acts.settings) add(set_names_, name);
    for (const std::string& name : acts.resets) add(reset_names_, name);
    resets_all_ = resets_all_ || acts.resets_all;
}

StatementActs PostgresqlSession::acts_of(const pg::StatementScan& scan) const {
    StatementActs acts;
    if (scan.words().found_nothing()) return acts;
    acts.effects = scan.effects();
    if (keeps_connection()) return acts;
    const pg::StatementWords& words = scan.words();
    acts.resets_all = words.resets_all();
    const auto nameable = [](const std::vector<std::string>& names) {
        return std::all_of(names.begin(), names.end(), pg::is_setting_name);
    };
    if (words.settings_unknown() || !nameable(words.settings()) || !nameable(words.resets())) {
        acts.effects |= pg::effect_bit(Effect::setting);
        return acts;
    }
    acts.effects &= ~pg::effect_bit(Effect::setting);
    acts.settings = words.settings();
    acts.resets = words.resets();
    return acts;
}

// Between transactions: finds out what became of the settings that statements named. False: the
// server was asked, and settle() comes again.
bool PostgresqlSession::settings_settled() {
    if (!settings_changing()) return true;
    if (resets_all_ && transaction_clean_) {
        settings_ = startup_;
        server().settings_discarded();
    } else if (resets_all_) {
        for (const auto& [name, value] : settings_->values) add(set_names_, name);
    }
    resets_all_ = false;
    for (const std::string& name : std::exchange(reset_names_, {})) {
        const bool set_too =
            std::find(set_names_.begin(), set_names_.end(), name) != set_names_.end();
        if (transaction_clean_ && !set_too) {
            forget(name);
        } else {
            add(set_names_, name);
        }
    }
    const ParameterSetRef& reported = server().reported();
    std::erase_if(set_names_,
                  [&](const std::string& name) { return reported->find(name) != nullptr; });
    if (set_names_.empty()) return true;
    asked_names_ = std::exchange(set_names_, {});
    server().ask(asked_names_);
    unnamed_.displaced();
    return false;
}

void PostgresqlSession::settings_told(std::string_view row) {
    const auto values = pg::read_data_row(row);
    const std::vector<std::string> names = std::exchange(asked_names_, {});
    if (!values || values->size() != names.size()) {
        note_effects(pg::effect_bit(Effect::setting));
        return;
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto& value = (*values)[i];
        if (value) {
            remember(names[i], *value);
        } else {
            forget(names[i]);
        }
    }
}

// DISCARD ALL: the session is as it was when it began, the connection as it was made.
void PostgresqlSession::settings_discarded() {
    settings_ = startup_;
    server().settings_discarded();
    set_names_.clear();
    reset_names_.clear();
    resets_all_ = false;
}

bool PostgresqlSession::state_to_reset() const {
    return tenant_.pool->settings().session_state == settings::SessionState::reset &&
           (effects_ != 0 || settings_changing() || settings_ != startup_);
}

// Gives the connection back to be wiped: the client goes on as its session began.
void PostgresqlSession::reset_state() {
    settings_discarded();
    effects_ = 0;
    own_names_ = false;
    unnamed_.forget();
    let_go().abandon(true, true, true);
    enter(telemetry::ClientState::idle);
}

// What a text means besides itself, at this moment on this connection.
std::string PostgresqlSession::analysed_under() {
    const ParameterSetRef& reported = server().reported();
    std::string analysed = reported->analysed;
    constexpr std::string_view path = "search_path";
    if (reported->find(path) == nullptr) {
        if (const std::string* const own = settings_->find(path)) analysed += *own;
    }
    return analysed;
}

// A statement that was prepared under other settings than the client's present ones means what it
// meant then: only this connection knows it so.
void PostgresqlSession::keep_older_statements() {
    const ParameterSetRef& reported = server().reported();
    if (analysed_settings_ == settings_ && analysed_parameters_ == reported) return;
    analysed_settings_ = settings_;
    analysed_parameters_ = reported;
    if (named_.empty() || effects_ != 0) return;
    const std::string now = analysed_under();
    for (const auto& [name, statement] : named_) {
        const std::string& then = statement->analysed_under;
        if (!then.empty() && then != now) {
            note_effects(pg::effect_bit(Effect::prepared));
            return;
        }
    }
}

}  // namespace weir::proxy
