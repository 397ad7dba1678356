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
    if (draining_ && phase_ == Phase::open && pending_.empty()) {
        dismiss(ClientClose::drain);
        return;
    }
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

// The server says so by itself, whatever the reason; the client gets to know it right behind.
void PostgresqlSession::parameter_reported(const std::string& name) {
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
    if (concerns(name)) add(reported_names_, name);
}

// A connection that no other client gets before it is wiped keeps what is set there by itself.
bool PostgresqlSession::concerns(const std::string& name) const {
    return !keeps_connection() || startup_->find(name) != nullptr;
}

// What SET LOCAL or a transaction that was rolled back had changed.
void PostgresqlSession::forget_what_is_as_before() {
    std::erase_if(reported_names_, [this](const std::string& name) {
        const std::string* const said = settings_->find(name);
        const std::string* const before = said != nullptr ? said : server().base()->find(name);
        const std::string* const now = server().reported()->find(name);
        return before != nullptr && now != nullptr && *before == *now;
    });
}

// A RESET takes the connection's own value, and whether it was the last word its value alone does
// not tell. What was reported and not named a function may have set, or the server have got new.
bool PostgresqlSession::source_matters(const std::string& name) const {
    const auto among = [&](const std::vector<std::string>& names) {
        return std::find(names.begin(), names.end(), name) != names.end();
    };
    if (!among(reset_names_)) return among(reported_names_) && !among(set_names_);
    const std::string* const at_start = startup_->find(name);
    const std::string* const before = settings_->find(name);
    return at_start != nullptr && (among(set_names_) || before == nullptr || *before != *at_start);
}

void PostgresqlSession::told(const Told& setting) {
    if (!setting.named && !setting.set_here) {
        came_from_elsewhere(setting);
        return;
    }
    ParameterSets& sets = tenant_.sets;
    const auto& value = setting.value;
    const auto changed = [&](const ParameterSet& set) {
        return value ? sets.with(set, setting.name, *value) : sets.without(set, setting.name);
    };
    server().set_applied(changed(*server().applied()));
    const std::string* const at_start = startup_->find(setting.name);
    settings_ = setting.set_here || at_start == nullptr
                    ? changed(*settings_)
                    : sets.with(*settings_, setting.name, *at_start);
}

// Nothing that was named changed it: the server has got a new value of its own, which what the
// client has said outlives, or something has reset it.
void PostgresqlSession::came_from_elsewhere(const Told& setting) {
    ParameterSets& sets = tenant_.sets;
    const std::string value = setting.value.value_or(std::string());
    const std::string* const own = server().base()->find(setting.name);
    const bool was_reset = own != nullptr && *own == value;
    server().own_changed(setting.name, value);
    if (!was_reset) return;
    const std::string* const at_start = startup_->find(setting.name);
    settings_ = at_start == nullptr ? sets.without(*settings_, setting.name)
                                    : sets.with(*settings_, setting.name, *at_start);
}

// What a text may do when it is executed.
void PostgresqlSession::note(const StatementActs& acts) {
    if (!acts.any()) return;
    note_effects(acts.effects);
    for (const std::string& name : acts.settings) {
        if (concerns(name)) add(set_names_, name);
    }
    for (const std::string& name : acts.resets) {
        if (concerns(name)) add(reset_names_, name);
    }
    sets_locally_ = sets_locally_ || acts.sets_locally;
    if (acts.drops_statements) {
        clears_all_ = true;
        clearing_batch_ = server().batch();
    }
    resets_all_ = resets_all_ || (acts.resets_all && carries_settings());
}

StatementActs PostgresqlSession::acts_of(const pg::StatementScan& scan) const {
    StatementActs acts;
    if (scan.words().found_nothing()) return acts;
    acts.effects = scan.effects();
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
    if (!settings_in_doubt()) return true;
    if (std::exchange(resets_all_, false)) {
        for (const ParameterSetRef& set : {settings_, server().applied()}) {
            for (const auto& [name, value] : set->values) add(reset_names_, name);
        }
    }
    asked_resets_ = reset_names_;
    for (const auto* names : {&set_names_, &reset_names_, &reported_names_}) {
        if (names == &reported_names_) asked_named_ = asked_names_.size();
        for (const std::string& name : *names) {
            add(asked_names_, name);
            if (source_matters(name)) add(asked_sources_, name);
        }
    }
    set_names_.clear();
    reset_names_.clear();
    reported_names_.clear();
    if (asked_names_.empty()) return true;
    server().ask(asked_names_, asked_sources_);
    unnamed_.displaced();
    return false;
}

void PostgresqlSession::settings_told(std::string_view row) {
    const auto values = pg::read_data_row(row);
    const std::vector<std::string> names = std::exchange(asked_names_, {});
    const std::vector<std::string> resets = std::exchange(asked_resets_, {});
    const std::vector<std::string> sources = std::exchange(asked_sources_, {});
    if (!values || values->size() != names.size() + sources.size()) {
        note_effects(pg::effect_bit(Effect::setting));
        return;
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
        const std::optional<std::string>& value = (*values)[i];
        const bool named = i < asked_named_;
        bool set_here = named && std::find(resets.begin(), resets.end(), names[i]) == resets.end();
        const auto source = std::find(sources.begin(), sources.end(), names[i]);
        if (source != sources.end()) {
            const auto& said =
                (*values)[names.size() + static_cast<std::size_t>(source - sources.begin())];
            // The server does not say it of a name of one's own: reset, that is empty.
            set_here = said ? *said == "t" : value && !value->empty();
        }
        told({names[i], value, named, set_here});
    }
}

bool PostgresqlSession::state_to_reset() const {
    return tenant_.pool->settings().session_state == settings::SessionState::reset &&
           (effects_ != 0 || settings_in_doubt() || settings_ != startup_);
}

// Gives the connection back to be wiped: the client goes on as its session began.
void PostgresqlSession::reset_state() {
    settings_ = startup_;
    set_names_.clear();
    reset_names_.clear();
    reported_names_.clear();
    resets_all_ = false;
    effects_ = 0;
    own_names_ = false;
    unnamed_.forget();
    let_go().abandon(true, true, true);
    enter(telemetry::ClientState::idle);
}

// What a text means besides itself, at this moment on this connection.
const std::string& PostgresqlSession::analysed_under() {
    const ParameterSetRef& reported = server().reported();
    if (analysed_settings_ != settings_ || analysed_parameters_ != reported) {
        analysed_settings_ = settings_;
        analysed_parameters_ = reported;
        analysed_under_ = analysis(*reported, *settings_);
    }
    return analysed_under_;
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

}  // namespace weir::proxy
