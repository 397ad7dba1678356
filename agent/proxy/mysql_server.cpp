#include "proxy/mysql_server.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "proxy/mysql_session.h"
#include "proxy/pool_loop.h"
#include "upstream/mysql_collation.h"
#include "wire/mysql/literals.h"
#include "wire/mysql/packets.h"

namespace weir::proxy {

namespace my = wire::mysql;
using my::ReplyTracker;
using pool::ReapReason;
using telemetry::Direction;
using telemetry::Side;

MysqlServer::MysqlServer(PoolLoop& home, TenantPool& tenant, pool::CompatibilityKey key,
                         upstream::Established established, std::uint32_t id)
    : ServerConnection(home, tenant, key, established, id),
      many_statements_((established.mysql.capabilities & my::capability::multi_statements) != 0),
      acknowledged_at_open_(stream_->acknowledged_bytes()) {
    const upstream::MysqlFacts& facts = established.mysql;
    tracker_.reset(facts.capabilities, facts.status);
    Parameters parameters = upstream::settings_of_collation(facts.collation);
    applied_ = tenant.sets.obtain(parameters);
    const bool autocommit = (facts.status & my::status::autocommit) != 0;
    parameters.emplace_back("autocommit", autocommit ? "ON" : "OFF");
    base_ = tenant.sets.obtain(std::move(parameters));
}

MysqlServer::~MysqlServer() {
    forget_memories();
    forget_statements();
}

void MysqlServer::begin_use(MysqlSession& holder) {
    assert(holder_ == nullptr && chore_ == Chore::none);
    holder_ = &holder;
    dirty_ = false;
    rolled_back_ = false;
    farewell_.clear();
    const auto others = [&](const MysqlSession* whom) {
        return whom != nullptr && whom != &holder;
    };
    if (std::any_of(owed_.begin(), owed_.end(), others)) collect();
}

void MysqlServer::asked(my::Command command, std::uint8_t last_sequence, bool cursor) {
    tracker_.sent({command, false, cursor, last_sequence, 0});
    command_runs_ = true;
}

void MysqlServer::begin_request(std::string_view packet, bool whole) {
    answered_ = false;
    sends_ = 0;
    sent_before_request_ = sent_;
    request_whole_ = whole && packet.size() <= request_limit;
    request_.assign(packet.substr(0, request_limit));
}

void MysqlServer::send(loop::Slice bytes) {
    sent_ += bytes.size();
    ++sends_;
    tenant_.pool->probe().transferred(Side::upstream, Direction::out, bytes.size());
    stream_->write(std::move(bytes));
}

void MysqlServer::send(std::string_view bytes) {
    sent_ += bytes.size();
    ++sends_;
    tenant_.pool->probe().transferred(Side::upstream, Direction::out, bytes.size());
    stream_->write(bytes);
}

// A command of our own.
void MysqlServer::say(my::Command command, std::string_view arguments, Hidden what,
                      MysqlSession* whom) {
    command_.clear();
    my::append_command(command_, command, arguments);
    sent_ += command_.size();
    stream_->write(command_);
    tracker_.sent({command, true, false, 0, 0});
    hidden_.push_back({what, whom});
    tells_.row_count = somebodys_statement;
}

void MysqlServer::pause(bool paused) {
    if (stream_ == nullptr) return;
    if (paused) {
        stream_->pause_receive();
    } else {
        stream_->resume_receive();
    }
}

void MysqlServer::received(loop::Slice bytes) {
    tenant_.pool->probe().transferred(Side::upstream, Direction::in, bytes.size());
    const std::string_view all = bytes.bytes();
    std::string_view rest = all;
    std::size_t from = 0;  // what lies before is forwarded, or not the client's
    // At its goodbye it may still tell what it owes.
    while (!closing_ || tracker_.outstanding() > 0) {
        const std::size_t at = all.size() - rest.size();
        Part part;
        const ReplyTracker::Verdict verdict = tracker_.next(rest, part);
        if (verdict == ReplyTracker::Verdict::need_more) {
            forward(bytes, from, at);
            return;
        }
        if (verdict != ReplyTracker::Verdict::part) {
            forward(bytes, from, at);
            if (closing_) return;
            if (verdict == ReplyTracker::Verdict::farewell) {
                farewell_ = part.bytes;
                lost(0, true);
            } else {
                desync();
            }
            return;
        }
        const std::size_t end = all.size() - rest.size();
        if (part.asked.hidden) {
            forward(bytes, from, at);
            from = end;
            if (!hidden_part(part)) return;
            continue;
        }
        answered_ = true;
        if (holder_ == nullptr) {
            from = end;
        } else if (part.whole && !passes_as_it_is(part)) {
            forward(bytes, from, at);
            holder_->reply(std::string_view(changed_));
            from = end;
        } else if (const bool here = part.bytes.data() >= all.data() &&
                                     part.bytes.data() + part.bytes.size() <= all.data() + end;
                   !here || !part.carried.empty()) {
            forward(bytes, from, at);
            if (!part.carried.empty()) holder_->reply(part.carried);
            if (!here) holder_->reply(part.bytes);
            from = here ? static_cast<std::size_t>(part.bytes.data() - all.data()) : end;
        }
        if (part.kind == ReplyTracker::Kind::local_infile && holder_ != nullptr) {
            forward(bytes, from, end);
            from = end;
            holder_->file_wanted(part.sequence);
        }
        if (part.done) {
            forward(bytes, from, end);
            from = end;
            command_done();
        }
    }
}

void MysqlServer::forward(const loop::Slice& bytes, std::size_t from, std::size_t to) {
    if (holder_ != nullptr && to > from) holder_->reply(bytes.part(from, to - from));
}

bool MysqlServer::passes_as_it_is(const Part& part) {
    switch (part.kind) {
        case ReplyTracker::Kind::ok:
            if (tracker_.has(my::status::session_state_changed)) {
                const auto ok = my::read_ok(part.payload, tracker_.capabilities());
                if (ok && !ok->session_state.empty()) holder_->state_told(ok->session_state);
            }
            if (my::reads_same_untracked(part.payload)) return true;
            changed_.clear();
            return !my::append_untracked_ok(changed_, part.bytes);
        case ReplyTracker::Kind::prepared: {
            const std::uint32_t id = holder_->statement_made(tracker_.outcome().statement_id);
            changed_.assign(part.bytes);
            my::put_statement(changed_.data() + my::packet_header_size, id);
            return false;
        }
        default:
            return true;
    }
}

void MysqlServer::command_done() {
    command_runs_ = false;
    if (holder_ != nullptr) {
        holder_->completed();
    } else if (!closing_ && tracker_.settled()) {
        clean();
    }
}

void MysqlServer::drained() {
    if (holder_ != nullptr) holder_->server_drained();
}

void MysqlServer::say_goodbye() {
    const bool owes = std::any_of(owed_.begin(), owed_.end(),
                                  [](const MysqlSession* whom) { return whom != nullptr; });
    if (owes && tracker_.settled()) collect();
    command_.clear();
    my::append_command(command_, my::Command::quit);
    stream_->write(command_);
}

Session* MysqlServer::holder() const { return holder_; }

std::string MysqlServer::last_statement() const {
    constexpr std::size_t head = my::packet_header_size + 1;
    if (request_.size() < head) return {};
    const auto command = static_cast<my::Command>(request_[my::packet_header_size]);
    if (command == my::Command::stmt_execute && executed_ != nullptr) {
        return my::without_literals(std::string_view(executed_->text).substr(0, request_limit));
    }
    if (command != my::Command::query && command != my::Command::stmt_prepare) return {};
    return my::without_literals(std::string_view(request_).substr(head));
}

std::string MysqlServer::held_state() const {
    if (in_transaction()) return "idle in transaction";
    return state() == pool::ServerState::pinned ? "pinned" : "held";
}

}  // namespace weir::proxy
