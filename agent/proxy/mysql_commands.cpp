// What each of a MySQL client's commands is for: what goes to the server, what Weir answers itself,
// and what it refuses. Source: MySQL documentation, "Command Phase"; MariaDB, "KILL",
// "CONNECTION_ID".
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "proxy/mysql_server.h"
#include "proxy/mysql_session.h"
#include "proxy/pool_loop.h"
#include "wire/mysql/encoding.h"
#include "wire/mysql/own_question.h"

namespace weir::proxy {

namespace my = wire::mysql;
using my::trait_bit;
using my::trait_bits;
using my::Verb;
using telemetry::ClientClose;

namespace {

Answer not_supported(std::string_view what) {
    return {"0A000", fmt::format("{} is not possible through a connection pool", what), {}};
}

}  // namespace

MysqlSession::Verdict MysqlSession::handle_command(std::string_view packet,
                                                   const loop::Slice* slice, bool whole) {
    switch (turn_.command) {
        case Command::quit:
            leave(ClientClose::client);
            return Verdict::done;
        case Command::ping:
            say_ok();
            return Verdict::done;
        case Command::query:
            return handle_query(packet, slice, whole);
        case Command::init_db:
            return use_database(packet.substr(my::command_text_at), packet, slice);
        case Command::stmt_prepare:
            return prepare(packet, slice, whole);
        case Command::stmt_execute:
            return execute(packet, slice, whole);
        case Command::stmt_send_long_data:
        case Command::stmt_fetch:
        case Command::stmt_reset:
        case Command::stmt_close:
            return about_statement(packet, slice, whole);
        case Command::set_option:
            set_option(packet);
            return Verdict::done;
        case Command::reset_connection:
            begin_anew();
            say_ok();
            return Verdict::done;
        case Command::process_kill: {
            my::PayloadReader reader(packet.substr(my::command_text_at));
            std::uint32_t id = 0;
            if (!reader.take(id)) break;
            kill(id, false);
            return Verdict::done;
        }
        case Command::statistics:
        case Command::field_list:
        case Command::refresh:
            return pass(packet, slice, whole);
        case Command::binlog_dump:
        case Command::binlog_dump_gtid:
        case Command::register_slave:
            say_error(not_supported("replication"));
            return Verdict::done;
        case Command::shutdown:
        case Command::debug:
            say_error(not_supported("this command about the server"));
            return Verdict::done;
        case Command::change_user:
            // The lobby asks for passwords: it reads the command again.
            begin_anew();
            moving_ = true;
            return Verdict::later;
        default:
            break;
    }
    say_error(1047, "08S01", "Unknown command");
    return Verdict::done;
}

// later: not yet, or refusal_ says why not.
MysqlSession::Verdict MysqlSession::ready() {
    if (obtain() == Verdict::later || refusal_) return Verdict::later;
    return ready_for_command() ? Verdict::done : Verdict::later;
}

MysqlSession::Verdict MysqlSession::pass(std::string_view packet, const loop::Slice* slice,
                                         bool whole) {
    if (ready() == Verdict::later) return Verdict::later;
    forward(packet, slice, whole);
    return Verdict::done;
}

void MysqlSession::judge(std::string_view text, bool whole) {
    turn_.judged = true;
    turn_.read_status = read_status();
    scan_.reset(rules());
    scan_.feed(text);
    scans_long_ = !whole;
    if (whole) scan_.finish();
    turn_.traits = scan_.traits();
    turn_.verb = scan_.verb();
    turn_.statements = scan_.statements();
}

// What can't be done for this client, or would be done to the wrong one.
std::optional<Answer> MysqlSession::forbids() const {
    const Traits traits = turn_.traits;
    if ((traits & trait_bits({Trait::uses_database, Trait::kills})) != 0) {
        return not_supported("USE or KILL among several statements, or in dynamic SQL,");
    }
    const bool rejects = !keeps_connection() &&
                         tenant_.pool->settings().session_state == settings::SessionState::reject;
    if (rejects && (traits & lasting_traits) != 0) {
        return Answer{"0A000",
                      fmt::format("pool \"{}\" rejects statements that leave state in the session",
                                  tenant_.pool->settings().name),
                      "session_state = \"pin\" keeps a connection for such a client."};
    }
    return std::nullopt;
}

MysqlSession::Verdict MysqlSession::handle_query(std::string_view packet, const loop::Slice* slice,
                                                 bool whole) {
    const std::string_view text = packet.substr(my::command_text_at);
    if (!turn_.judged) judge(text, whole);
    if (turn_.statements == 1 && whole) {
        if (turn_.verb == Verb::use && scan_.words().database()) {
            return use_database(*scan_.words().database(), packet, slice);
        }
        if (turn_.verb == Verb::kill && scan_.words().kill()) {
            const my::KillTarget target = *scan_.words().kill();
            kill(target.id, target.query);
            return Verdict::done;
        }
    }
    if (auto why = forbids()) {
        scans_long_ = false;
        if (whole) {
            say_error(*why);
        } else {
            dropped_ = std::move(why);
        }
        return Verdict::done;
    }
    const bool asks_id = (turn_.traits & trait_bit(Trait::asks_connection_id)) != 0;
    if (asks_id && whole) {
        const auto question = my::own_question(text);
        if (question && question->asked == my::Asked::connection_id) {
            say_value(question->column, std::to_string(who_.mysql.thread_id), true);
            return Verdict::done;
        }
    }
    trace_statement(text, true);
    if (ready() == Verdict::later) return Verdict::later;
    // The server may read texts otherwise than was thought before there was one.
    if (turn_.read_status != read_status()) {
        turn_.judged = false;
        return handle_query(packet, slice, whole);
    }
    switch (recall(text)) {
        case Recalled::later:
            return Verdict::later;
        case Recalled::answered:
            return Verdict::done;
        case Recalled::here:
            break;
    }
    if (asks_id && whole && scan_.words().connection_ids() > 0) {
        const std::string changed = with_connection_id(text);
        built_.clear();
        my::append_command(built_, Command::query, changed);
        forward(built_, nullptr, true);
        return Verdict::done;
    }
    forward(packet, slice, whole);
    return Verdict::done;
}

std::string MysqlSession::with_connection_id(std::string_view text) const {
    std::string changed;
    std::size_t from = 0;
    for (std::size_t i = 0; i < scan_.words().connection_ids(); ++i) {
        const my::TextRange range = scan_.words().connection_id(i);
        changed.append(text.substr(from, range.begin - from));
        changed += std::to_string(who_.mysql.thread_id);
        from = range.end;
    }
    return changed.append(text.substr(from));
}

void MysqlSession::set_option(std::string_view packet) {
    my::PayloadReader reader(packet.substr(my::command_text_at));
    std::uint16_t option = 0;
    if (!reader.take(option) || option > 1) {
        say_error(1047, "08S01", "Unknown command");
        return;
    }
    many_statements_ = option == 0;
    built_.clear();
    auto sequence = static_cast<std::uint8_t>(turn_.sequence + 1U);
    my::append_end(built_, sequence, {0, status_}, capabilities_);
    reply(std::string_view(built_));
}

void MysqlSession::begin_anew() {
    if (server_ != nullptr) {
        abandon_transaction();
        let_go().abandon(true, !owns_connection() || state_left());
        enter(telemetry::ClientState::idle);
    }
    settings_ = startup_;
    status_ = my::status::autocommit;
    many_statements_ = (capabilities_ & my::capability::multi_statements) != 0;
    effects_ = 0;
    prepared_.clear();
    prepared_bytes_ = 0;
    cursors_.clear();
    long_data_for_.clear();
    prepare_error_.reset();
    long_data_refusal_.reset();
    forget_memory();
    // FOUND_ROWS() outlives it on MariaDB, too; connections still have the marks of its statements.
    MysqlMemory anew;
    anew.statements = memory_.statements;
    anew.found_rows = memory_.found_rows;
    anew.means.found_rows = memory_.means.found_rows;
    memory_ = std::move(anew);
}

void MysqlSession::kill(std::uint64_t id, bool query) {
    if (id == who_.mysql.thread_id) {
        say_error(1317, "70100", "Query execution was interrupted");
        if (!query) leave(ClientClose::client);
        return;
    }
    awaiting_ = true;
    kill_target_ = id;
    const auto target = id > UINT32_MAX ? 0 : static_cast<std::uint32_t>(id);
    home_.shared().kill(target, query, who_.user,
                        [&home = home_, number = this->id()](KillOutcome outcome) {
                            home.post([&home, number, outcome] {
                                Session* const session = home.find_session(number);
                                if (session != nullptr) session->kill_answered(outcome);
                            });
                        });
}

void MysqlSession::kill_answered(KillOutcome outcome) {
    if (finished_ || kill_target_ == 0) return;
    const std::uint64_t id = std::exchange(kill_target_, 0);
    switch (outcome) {
        case KillOutcome::done:
            say_ok();
            break;
        case KillOutcome::unknown:
            say_error(1094, "HY000", fmt::format("Unknown thread id: {}", id));
            break;
        case KillOutcome::not_allowed:
            say_error(1095, "HY000", fmt::format("You are not owner of thread {}", id));
            break;
    }
    go_on();
}

}  // namespace weir::proxy
