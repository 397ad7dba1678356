// What a MySQL server connection is told before it serves a client, and what it is asked for the
// sake of those it has served. Source: MariaDB documentation, "SET", "SET NAMES", "LAST_INSERT_ID",
// "SHOW WARNINGS"; SET x = DEFAULT gives a session's variable the global value.
#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <charconv>
#include <utility>

#include "proxy/mysql_server.h"
#include "proxy/mysql_session.h"
#include "proxy/mysql_settings.h"
#include "proxy/pool_loop.h"
#include "wire/mysql/encoding.h"
#include "wire/mysql/packets.h"

namespace weir::proxy {

namespace my = wire::mysql;
using my::Command;
using my::ReplyTracker;

namespace {

constexpr std::size_t longest_told = std::size_t{256} * 1024;

}  // namespace

bool MysqlServer::synchronize(const ParameterSetRef& settings) {
    const std::string statement = mysql_replay(*settings, *applied_, *base_);
    if (statement.empty()) {
        applied_ = settings;
        return false;
    }
    synchronizing_to_ = settings;
    tenant_.pool->probe().wait_began(telemetry::WaitCause::state_sync, home_.now());
    say(Command::query, statement, Hidden::settings);
    return true;
}

void MysqlServer::settings_told(bool failed) {
    ParameterSetRef settings = std::exchange(synchronizing_to_, nullptr);
    tenant_.pool->probe().wait_ended(telemetry::WaitCause::state_sync, home_.now());
    if (holder_ == nullptr) {
        dirty_ = true;
        if (tracker_.settled()) clean();
        return;
    }
    if (failed) {
        dirty_ = true;
        holder_->settings_refused(refused_);
        return;
    }
    applied_ = std::move(settings);
    tenant_.pool->probe().settings_replayed();
    holder_->go_on();
}

void MysqlServer::allow_many_statements(bool allowed) {
    if (many_statements_ == allowed) return;
    many_statements_ = allowed;
    say(Command::set_option, std::string_view(allowed ? "\0\0" : "\1\0", 2), Hidden::aside);
}

void MysqlServer::ask_status() { say(Command::ping, {}, Hidden::status); }

void MysqlServer::ask_collation() {
    tells_.found_rows = somebodys_statement;
    say(Command::query, "SELECT @@collation_connection", Hidden::collation);
}

void MysqlServer::ask_insert_id() {
    tells_.found_rows = somebodys_statement;
    say(Command::query, "SELECT LAST_INSERT_ID()", Hidden::insert_id_now);
}

// The trackers are silent on what a routine does besides setting variables of the system's.
void MysqlServer::ask_what_routine_left() {
    collect();  // which this question would spoil
    tells_.found_rows = somebodys_statement;
    tells_.warnings = 0;
    say(Command::query,
        "SELECT CONCAT((SELECT COUNT(*) FROM information_schema.USER_VARIABLES), '/', "
        "(SELECT CAST(SUM(variable_value) AS INT) FROM information_schema.SESSION_STATUS WHERE "
        "variable_name IN ('COM_CREATE_TEMPORARY_TABLE', 'COM_HA_OPEN', 'COM_LOCK_TABLES', "
        "'COM_PREPARE_SQL')))",
        Hidden::routine_left);
}

void MysqlServer::routine_told(bool failed) {
    const std::string told = failed ? std::string() : told_value();
    const std::size_t slash = told.find('/');
    if (slash == std::string::npos) return holder_->routine_told(true, true);
    std::uint64_t count = 0;
    std::from_chars(told.data() + slash + 1, told.data() + told.size(), count);
    holder_->routine_told(told.substr(0, slash) != "0", count != left_count_);
    left_count_ = count;
}

void MysqlServer::owe(Memory memory) { owed_[index_of(memory)] = holder_; }

void MysqlServer::forgive(Memory memory, const MysqlSession& session) {
    MysqlSession*& whom = owed_[index_of(memory)];
    if (whom == &session) whom = nullptr;
    const auto what = static_cast<Hidden>(static_cast<unsigned>(Hidden::found_rows) +
                                          static_cast<unsigned>(memory));
    for (std::size_t i = hidden_front_; i < hidden_.size(); ++i) {
        if (hidden_[i].what == what && hidden_[i].whom == &session) hidden_[i].whom = nullptr;
    }
}

void MysqlServer::collect() {
    const auto ask = [this](Memory memory, std::string_view question, Hidden what) {
        MysqlSession* const whom = std::exchange(owed_[index_of(memory)], nullptr);
        if (whom != nullptr) say(Command::query, question, what, whom);
    };
    ask(Memory::found_rows, "SELECT FOUND_ROWS()", Hidden::found_rows);
    if (owed_[index_of(Memory::warnings)] != nullptr) tells_.warnings = somebodys_statement;
    ask(Memory::warnings, "SHOW WARNINGS", Hidden::warnings);
    ask(Memory::insert_id, "SELECT LAST_INSERT_ID()", Hidden::insert_id);
    tells_.found_rows = somebodys_statement;
}

void MysqlServer::set_insert_id(std::uint64_t id) {
    tells_.found_rows = somebodys_statement;
    say(Command::query, fmt::format("SET last_insert_id={}", id), Hidden::aside);
}

// Of the statements that need no table of anybody's one that empties the list.
void MysqlServer::clear_warnings() {
    tells_.found_rows = somebodys_statement;
    tells_.warnings = 0;
    say(Command::query, "SELECT 1 FROM (SELECT 1) x", Hidden::aside);
}

// A part of the answer to a command of ours.
bool MysqlServer::hidden_part(const Part& part) {
    const Ask ask = hidden_[hidden_front_];
    if (ask.what == Hidden::warnings) {
        if (told_.size() <= longest_told) told_.append(part.carried).append(part.bytes);
    } else if (part.kind == ReplyTracker::Kind::rows) {
        if (told_.size() <= longest_told) told_.append(part.carried).append(part.bytes);
    } else if (part.kind == ReplyTracker::Kind::error) {
        refused_ = part.payload;
    }
    if (!part.done) return true;
    if (++hidden_front_ == hidden_.size()) {
        hidden_.clear();
        hidden_front_ = 0;
    }
    heard(ask, tracker_.outcome().failed);
    told_.clear();
    return !closing_ || tracker_.outstanding() > 0;
}

void MysqlServer::heard(const Ask& ask, bool failed) {
    const bool is_memory = ask.what == Hidden::found_rows || ask.what == Hidden::warnings ||
                           ask.what == Hidden::insert_id;
    if (closing_ && !is_memory) return;  // of its goodbye only this matters
    switch (ask.what) {
        case Hidden::settings:
            settings_told(failed);
            return;
        case Hidden::prepare:
            statement_told(failed ? 0 : tracker_.outcome().statement_id);
            return;
        case Hidden::found_rows:
        case Hidden::warnings:
        case Hidden::insert_id:
            if (ask.whom != nullptr) {
                const auto memory = static_cast<Memory>(static_cast<unsigned>(ask.what) -
                                                        static_cast<unsigned>(Hidden::found_rows));
                if (failed || told_.size() > longest_told) {
                    ask.whom->memory_lost(memory);
                } else {
                    ask.whom->remembered(memory, memory == Memory::warnings ? told_ : told_value());
                }
            }
            break;
        case Hidden::chore:
            chore_done(failed);
            return;
        case Hidden::aside:
            break;
        case Hidden::status:
        case Hidden::collation:
        case Hidden::insert_id_now:
        case Hidden::routine_left:
            if (holder_ == nullptr) break;
            if (ask.what == Hidden::insert_id_now) {
                holder_->insert_id_told(failed ? "" : told_value());
            }
            if (ask.what == Hidden::collation) holder_->collation_told(failed ? "" : told_value());
            if (ask.what == Hidden::routine_left) routine_told(failed);
            if (failed && ask.what == Hidden::status) {
                desync();
                return;
            }
            holder_->settle();
            return;
    }
    if (!closing_ && holder_ == nullptr && chore_ != Chore::none && tracker_.settled()) clean();
}

std::string MysqlServer::told_value() const {
    my::PayloadReader row(std::string_view(told_).substr(
        std::min<std::size_t>(told_.size(), my::packet_header_size)));
    std::string_view value;
    return row.take_length_encoded(value) ? std::string(value) : std::string();
}

void MysqlServer::forget_memories() {
    for (std::size_t i = 0; i < owed_.size(); ++i) {
        MysqlSession* const whom = std::exchange(owed_[i], nullptr);
        if (whom != nullptr) whom->memory_lost(static_cast<Memory>(i));
    }
    for (; hidden_front_ < hidden_.size(); ++hidden_front_) {
        const Ask& ask = hidden_[hidden_front_];
        if (ask.whom == nullptr) continue;
        ask.whom->memory_lost(static_cast<Memory>(static_cast<unsigned>(ask.what) -
                                                  static_cast<unsigned>(Hidden::found_rows)));
    }
}

}  // namespace weir::proxy
