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
    const bool reset = resets_all_ || std::find(reset_names_.begin(), reset_names_.end(), name) !=
                                          reset_names_.end();
    if (reset) {  // what that means for the client is found out when the transaction is over
        server().set_applied(tenant_.sets.with(*server().applied(), name, value));
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

// What the server says of a setting that statements named. Reset, it has the connection's own value
// again, which is not always the one that the session began with.
void PostgresqlSession::told(const std::string& name, const std::optional<std::string>& value,
                             bool reset) {
    ParameterSets& sets = tenant_.sets;
    const std::string* const before = settings_->find(name);
    const std::string* const at_start = startup_->find(name);
    const bool changed = !value || before == nullptr || *before != *value;
    PostgresqlServer& at = server();
    at.set_applied(value ? sets.with(*at.applied(), name, *value)
                         : sets.without(*at.applied(), name));
    if (reset && changed && at_start != nullptr) {
        settings_ = sets.with(*settings_, name, *at_start);
    } else {
        settings_ = value ? sets.with(*settings_, name, *value) : sets.without(*settings_, name);
    }
}

// What a text may do when it is executed.
void PostgresqlSession::note(const StatementActs& acts) {
    if (!acts.any()) return;
    note_effects(acts.effects);
    for (const std::string& name : acts.settings) add(set_names_, name);
    for (const std::string& name : acts.resets) add(reset_names_, name);
    sets_locally_ = sets_locally_ || acts.sets_locally;
    if (acts.drops_statements) {
        clears_all_ = true;
        clearing_batch_ = server().batch();
    }
    resets_all_ = resets_all_ || acts.resets_all;
}

StatementActs PostgresqlSession::acts_of(const pg::StatementScan& scan) const {
    StatementActs acts;
    if (scan.words().found_nothing()) return acts;
    acts.effects = scan.effects();
    if (keeps_connection()) return acts;
    const pg::StatementWords& words = scan.words();
    acts.resets_all = words.resets_all();
    acts.sets_locally = words.sets_locally();
    acts.drops_statements = words.drops_statements();
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

// Between transactions: finds out what became of the settings that statements named; only the
// server can say, for what was sent may have failed, been skipped, or never been executed. False:
// it was asked, and settle() comes again.
bool PostgresqlSession::settings_settled() {
    sets_locally_ = false;
    if (!settings_changing()) return true;
    if (std::exchange(resets_all_, false)) {
        for (const auto& [name, value] : settings_->values) add(reset_names_, name);
        for (const auto& [name, value] : server().applied()->values) add(reset_names_, name);
    }
    asked_resets_ = reset_names_;
    asked_names_ = std::exchange(set_names_, {});
    for (const std::string& name : std::exchange(reset_names_, {})) add(asked_names_, name);
    if (asked_names_.empty()) return true;
    server().ask(asked_names_);
    unnamed_.displaced();
    return false;
}

void PostgresqlSession::settings_told(std::string_view row) {
    const auto values = pg::read_data_row(row);
    const std::vector<std::string> names = std::exchange(asked_names_, {});
    const std::vector<std::string> resets = std::exchange(asked_resets_, {});
    if (!values || values->size() != names.size()) {
        note_effects(pg::effect_bit(Effect::setting));
        return;
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
        const bool reset = std::find(resets.begin(), resets.end(), names[i]) != resets.end();
        told(names[i], (*values)[i], reset);
    }
}

bool PostgresqlSession::state_to_reset() const {
    return tenant_.pool->settings().session_state == settings::SessionState::reset &&
           (effects_ != 0 || settings_changing() || settings_ != startup_);
}

// Gives the connection back to be wiped: the client goes on as its session began.
void PostgresqlSession::reset_state() {
    settings_ = startup_;
    set_names_.clear();
    reset_names_.clear();
    asked_names_.clear();
    resets_all_ = false;
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
    for (const std::string_view name :
         {"array_nulls", "backslash_quote", "search_path", "transform_null_equals", "xmloption"}) {
        if (reported->find(name) != nullptr) continue;
        analysed.push_back('\0');
        if (const std::string* const own = settings_->find(name)) analysed += *own;
    }
    return analysed;
}

// In some encodings a backslash may be the second half of a character: where a text has one, the
// scan may have taken a string for longer or shorter than it is.
void PostgresqlSession::note_hidden_quotes(std::string_view text) {
    if (encoding_of_ != known_) {
        encoding_of_ = known_;
        const std::string* const encoding = known_->find("client_encoding");
        const auto is_it = [&](std::string_view safe) { return encoding->starts_with(safe); };
        constexpr std::array safe = std::to_array<std::string_view>(
            {"UTF", "SQL_ASCII", "LATIN", "WIN", "ISO", "KOI8", "EUC", "MULE"});
        encoding_is_safe_ = encoding != nullptr && std::any_of(safe.begin(), safe.end(), is_it);
    }
    if (encoding_is_safe_ || text.find('\\') == std::string_view::npos) return;
    note_effects(pg::effect_bit(Effect::setting));
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
