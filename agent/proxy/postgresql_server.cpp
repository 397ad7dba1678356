#include "proxy/postgresql_server.h"

#include <algorithm>
#include <cassert>

#include "proxy/pool_loop.h"
#include "proxy/postgresql_session.h"
#include "proxy/statement_text.h"
#include "wire/postgresql/messages.h"

namespace weir::proxy {

namespace pg = wire::postgresql;
using pool::ReapReason;
using pool::ReleaseResult;
using telemetry::Direction;
using telemetry::Side;

namespace {

// Bodies of these are looked at; all others pass by their headers alone.
constexpr bool body_matters(char type) {
    return type == 'Z' || type == 'C' || type == 'E' || type == 'S';
}
// What is kept of such a body when it comes in pieces; a longer one is judged by its beginning.
constexpr std::size_t body_limit = 8192;

}  // namespace

PostgresqlServer::PostgresqlServer(PoolLoop& home, TenantPool& tenant, pool::CompatibilityKey key,
                                   upstream::Established established, std::uint32_t id)
    : ServerConnection(home, tenant, key, established, id),
      applied_(tenant.sets.empty()),
      base_(tenant.sets.obtain(std::move(established.parameters))),
      reported_(base_),
      acknowledged_at_open_(stream_->acknowledged_bytes()) {
    const std::string* const strings = base_->find("standard_conforming_strings");
    standard_strings_ = strings == nullptr || *strings == "on";
    tenant.remember_greeting(key, applied_, base_);
}

PostgresqlServer::~PostgresqlServer() { forget_statements(); }

void PostgresqlServer::begin_use(PostgresqlSession& holder) {
    assert(holder_ == nullptr && chore_ == Chore::none && tracker_.settled());
    holder_ = &holder;
    answered_ = false;
    request_whole_ = true;
    dirty_ = false;
    rolled_back_ = false;
    fatal_.clear();
    sends_ = 0;
    request_.clear();
    sent_before_use_ = sent_;
}

void PostgresqlServer::begin_request() {
    if (answered_) request_whole_ = false;  // an earlier request of this use is not in request_
    request_.clear();
    statements_.batch_began();
}

void PostgresqlServer::record(std::string_view bytes) {
    const std::size_t room = request_limit - request_.size();
    request_whole_ = request_whole_ && bytes.size() <= room;
    request_.append(bytes.substr(0, room));
}

void PostgresqlServer::send(loop::Slice bytes) {
    const std::string_view text = bytes.bytes();
    sent_ += text.size();
    ++sends_;
    tenant_.pool->probe().transferred(Side::upstream, Direction::out, text.size());
    stream_->write(std::move(bytes));
}

void PostgresqlServer::send(std::string_view text) {
    sent_ += text.size();
    ++sends_;
    tenant_.pool->probe().transferred(Side::upstream, Direction::out, text.size());
    stream_->write(text);
}

void PostgresqlServer::send_hidden(char type, std::string_view message, std::uint32_t note) {
    send(message);
    tracker_.sent(type, true, note);
}

void PostgresqlServer::pause(bool paused) {
    if (stream_ == nullptr) return;
    if (paused) {
        stream_->pause_receive();
    } else {
        stream_->resume_receive();
    }
}

void PostgresqlServer::received(loop::Slice bytes) {
    tenant_.pool->probe().transferred(Side::upstream, Direction::in, bytes.size());
    std::string_view rest = bytes.bytes();
    std::size_t from = 0;  // what lies before is forwarded, or swallowed
    pg::Piece piece;
    while (!closing_) {
        const std::size_t at = bytes.size() - rest.size();
        const pg::Scanner::Status status = scanner_.next(rest, piece);
        if (status == pg::Scanner::Status::need_more) {
            forward(bytes, from, at);  // an unfinished header waits in the scanner
            return;
        }
        if (status == pg::Scanner::Status::invalid) {
            desync();
            return;
        }
        const std::size_t end = at + piece.bytes.size();
        const bool whole = piece.first && piece.last;
        if (piece.first) receiver_ = holder_;
        std::string_view body = piece.body;
        if (!whole) {
            forward(bytes, from, at);
            from = end;
            if (body_matters(piece.type) || (asking_ && piece.type == 'D')) {
                gather(piece);
                body = body_;
            } else if (holder_ != nullptr && holder_ == receiver_) {
                if (!piece.carried.empty()) holder_->reply(piece.carried);
                forward(bytes, at, end);
                answered_ = true;
            }
            if (!piece.last) continue;
        }
        if (holder_ == nullptr && chore_ == Chore::none) {
            gathered_.clear();
            if (!unsolicited(piece.type, body)) return;
            from = end;
            continue;
        }
        const pg::ReplyTracker::Verdict verdict = tracker_.replied(piece.type, body);
        if (verdict == pg::ReplyTracker::Verdict::desync) {
            forward(bytes, from, at);
            desync();
            return;
        }
        if (verdict == pg::ReplyTracker::Verdict::swallow) {
            forward(bytes, from, at);
            from = end;
            answered_ = true;
            gathered_.clear();
            swallowed(piece.type, body);
            if (!tracker_.ends().empty()) settle_changes();
            if (piece.type == 'Z') ready(true);
            if (tracker_.due_here()) answer_due();
            continue;
        }
        if (verdict == pg::ReplyTracker::Verdict::farewell) {
            forward(bytes, from, at);
            keep_last_words(piece);
            from = end;
            continue;
        }
        if (!answered_ && piece.type == 'E' && whole) {
            // The server may have ended before it read the request: lost() will tell.
            const auto error = pg::read_error(body);
            if (error && error->sqlstate == "57P01" && error->severity == "FATAL") {
                keep_last_words(piece);
                from = end;
                continue;
            }
        }
        if (synchronizing() && piece.type == 'S') {  // the client hears of what is new to it
            forward(bytes, from, at);
            from = end;
            gathered_.clear();
            parameter_reported(body);
            continue;
        }
        // A notice may come from the statement that runs; it too shows that the request was read.
        if (verdict != pg::ReplyTracker::Verdict::async || piece.type == 'N') answered_ = true;
        if (piece.type == 'E' && holder_ != nullptr && whole && piece.carried.empty()) {
            settle_changes();  // names that it undoes are the client's again
            if (const std::string told = holder_->in_its_names(piece.bytes); !told.empty()) {
                forward(bytes, from, at);
                holder_->reply(told);
                from = end;
            }
        }
        if (whole) {
            if (holder_ != nullptr && !piece.carried.empty()) holder_->reply(piece.carried);
        } else if (!gathered_.empty()) {
            if (holder_ != nullptr && holder_ == receiver_) holder_->reply(gathered_);
            gathered_.clear();
        }
        if (piece.type == 'Z') {
            if (holder_ != nullptr && !holder_->accepts(tracker_.status())) {
                from = end;
                continue;
            }
            forward(bytes, from, end);
            from = end;
            if (!tracker_.ends().empty()) settle_changes();
            ready(false);
        } else if (!handle(piece.type, body)) {
            return;
        }
        if (!tracker_.ends().empty()) settle_changes();
        if (tracker_.due_here()) {
            forward(bytes, from, end);
            from = end;
            answer_due();
        }
    }
}

// A part of a message that must be understood before it is passed on: held back until it is whole,
// unless it is longer than what is looked at.
void PostgresqlServer::gather(const pg::Piece& piece) {
    if (piece.first) {
        body_.clear();
        gathered_.clear();
    }
    body_.append(piece.body.substr(0, body_limit - std::min(body_limit, body_.size())));
    gathered_.append(piece.carried);
    gathered_.append(piece.bytes);
    if (gathered_.size() <= 2 * body_limit) return;
    answered_ = true;
    if (holder_ != nullptr && holder_ == receiver_) holder_->reply(gathered_);
    gathered_.clear();
}

void PostgresqlServer::keep_last_words(const pg::Piece& piece) {
    fatal_ = gathered_.empty() ? std::string(piece.carried).append(piece.bytes) : gathered_;
    gathered_.clear();
}

void PostgresqlServer::forward(const loop::Slice& bytes, std::size_t from, std::size_t to) {
    if (holder_ != nullptr && to > from) holder_->reply(bytes.part(from, to - from));
}

bool PostgresqlServer::handle(char type, std::string_view body) {
    switch (type) {
        case 'S':
            parameter_reported(body);
            return true;
        case 'C':
            if (holder_ != nullptr) holder_->completed(pg::read_c_string(body));
            return true;
        case 'E': {
            if (holder_ != nullptr) {
                const auto error = pg::read_error(body);
                write_refused_ = write_refused_ || (error && error->sqlstate == "25006");
                holder_->failed(error ? error->sqlstate : std::string_view(), body);
                return true;
            }
            // In a drain the client's own statements may fail; ours must not.
            if (chore_ == Chore::drain) return true;
            if (chore_ == Chore::check) {
                pool()->checked(*this, false, home_.now());
            } else {
                give_up(ReapReason::desync);
            }
            return false;
        }
        case 'G':
            if (holder_ != nullptr) {
                holder_->copy_began();
            } else {
                end_batch();
            }
            return true;
        case 'W':  // replication: nothing that a pooled client could have asked for
            desync();
            return false;
        default:
            return true;
    }
}

bool PostgresqlServer::unsolicited(char type, std::string_view body) {
    if (type == 'N' || type == 'A') return true;
    if (type == 'S') {
        parameter_reported(body);
        return true;
    }
    if (type == 'E') {
        pool()->server_lost(*this, home_.now());
    } else {
        desync();
    }
    return false;
}

void PostgresqlServer::ready(bool hidden) {
    resolve_doubt();
    if (holder_ != nullptr) {
        if (!hidden) {
            holder_->ready(tracker_.status(), tracker_.settled());
            return;
        }
        if (asking_) {
            asking_ = false;
            holder_->settings_told(told_);
        }
        if (!tracker_.settled()) return;
        if (synchronizing()) {
            synchronized();
        } else {
            holder_->settle(tracker_.status());
        }
        return;
    }
    if (!tracker_.settled()) return;
    if (chore_ == Chore::check) {
        chore_ = Chore::none;
        chore_ended();
        pool()->checked(*this, fits(), home_.now());
        return;
    }
    clean();
}

// After a failed COPY another ReadyForQuery may come or not: the answer to one more question tells.
void PostgresqlServer::resolve_doubt() {
    if (!tracker_.in_doubt() || tracker_.ready_due() > 0 || tracker_.batch_open()) return;
    request_whole_ = false;
    say('Q', pg::query(""), true);
}

// A message of our own.
void PostgresqlServer::say(char type, const std::string& message, bool hidden) {
    sent_ += message.size();
    tracker_.sent(type, hidden);
    stream_->write(message);
}

void PostgresqlServer::drained() {
    if (holder_ != nullptr) holder_->server_drained();
}

void PostgresqlServer::say_goodbye() { stream_->write(pg::terminate()); }

Session* PostgresqlServer::holder() const { return holder_; }

std::string PostgresqlServer::last_statement() const { return statement_text(request_); }

std::string PostgresqlServer::held_state() const {
    switch (tracker_.status()) {
        case pg::TransactionStatus::in_transaction:
            return "idle in transaction";
        case pg::TransactionStatus::failed:
            return "idle in failed transaction";
        case pg::TransactionStatus::idle:
            break;
    }
    return state() == pool::ServerState::pinned ? "pinned" : "held";
}

}  // namespace weir::proxy
