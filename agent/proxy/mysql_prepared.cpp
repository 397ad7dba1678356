// A MySQL client's prepared statements on whichever connection: ids of ours for it, and what of its
// parameters the server would remember. Source: MySQL documentation, "COM_STMT_EXECUTE":
// "new_params_bind_flag"; "COM_STMT_SEND_LONG_DATA"; "COM_STMT_FETCH".
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "proxy/mysql_server.h"
#include "proxy/mysql_session.h"
#include "proxy/pool_loop.h"

namespace weir::proxy {

namespace my = wire::mysql;
using my::trait_bit;
using my::trait_bits;
using my::Verb;

namespace {

constexpr std::size_t id_end = my::command_text_at + 4;  // of a command about a statement

}  // namespace

bool MysqlSession::shares_statements() const {
    return !keeps_connection() && tenant_.pool->settings().prepared_statements > 0;
}

MysqlSession::Verdict MysqlSession::prepare(std::string_view packet, const loop::Slice* slice,
                                            bool whole) {
    if (!whole) {
        dropped_ = Answer{"0A000", "a statement to prepare must be shorter than 1 MiB", {}};
        return Verdict::done;
    }
    if (prepared_.size() >= most_prepared || prepared_bytes_ >= most_prepared_bytes) {
        say_error(1461, "42000",
                  fmt::format("Can't create more than max_prepared_stmt_count statements "
                              "(current value: {}), or of more than {} MiB",
                              most_prepared, most_prepared_bytes >> 20U));
        return Verdict::done;
    }
    const std::string_view text = packet.substr(my::command_text_at);
    if (!turn_.judged) judge(text, true);
    if (const auto why = forbids()) {
        say_error(*why);
        return Verdict::done;
    }
    trace_statement(text, false);
    if (ready() == Verdict::later) return Verdict::later;
    if (turn_.read_status != read_status()) judge(text, true);
    read_settings();
    const bool own_id = (turn_.traits & trait_bit(Trait::asks_connection_id)) != 0 &&
                        scan_.words().connection_ids() > 0;
    const std::string changed = own_id ? with_connection_id(text) : std::string();
    turn_.prepares = tenant_.mysql_statements.obtain(own_id ? changed : text, analysis_,
                                                     turn_.traits, turn_.verb);
    turn_.traits = shares_statements() || keeps_connection() ? 0 : trait_bit(Trait::prepared);
    if (own_id) {
        built_.clear();
        my::append_command(built_, Command::stmt_prepare, changed);
        forward(built_, nullptr, true);
    } else {
        forward(packet, slice, true);
    }
    return Verdict::done;
}

std::uint32_t MysqlSession::statement_made(std::uint32_t id) {
    server().prepared(turn_.prepares, id);
    do {
        ++last_prepared_;
    } while (last_prepared_ == 0 || prepared_.contains(last_prepared_));
    prepared_bytes_ += turn_.prepares->text.size();
    prepared_[last_prepared_] = {
        std::move(turn_.prepares), server().tracker().outcome().parameters, {}, {}};
    return last_prepared_;
}

// nullptr: nobody has it, and the client is told where that is possible.
MysqlSession::Prepared* MysqlSession::find_prepared(std::string_view packet) {
    const auto id = my::statement_of(packet.substr(my::packet_header_size));
    const auto found = id ? prepared_.find(*id) : prepared_.end();
    if (found != prepared_.end()) {
        turn_.statement = *id;
        return &found->second;
    }
    if (turn_.command != Command::stmt_close && turn_.command != Command::stmt_send_long_data) {
        say_error(1243, "HY000",
                  fmt::format("Unknown prepared statement handler ({})", id.value_or(0)));
    }
    return nullptr;
}

bool MysqlSession::has_cursor(std::uint32_t id) const {
    return std::find(cursors_.begin(), cursors_.end(), id) != cursors_.end();
}

bool MysqlSession::has_data(std::uint32_t id) const {
    return std::find(long_data_for_.begin(), long_data_for_.end(), id) != long_data_for_.end();
}

// As it is on the present connection; nullptr: it will be.
MysqlServerStatements::Entry* MysqlSession::provided(Prepared& prepared) {
    // What it has open is on the statement that it was.
    if (!has_cursor(turn_.statement) && !has_data(turn_.statement)) {
        // What the text means may have changed with the settings.
        read_settings();
        if (!prepared.statement->key.starts_with(analysis_)) {
            const MysqlStatement& before = *prepared.statement;
            prepared.statement = tenant_.mysql_statements.obtain(
                before.text, analysis_, before.traits, before.verb, before.copy);
        }
        if (has_open_statement()) set_apart(prepared);
    }
    auto* const entry = server().provide(prepared.statement);
    if (!std::exchange(turn_.counted, true)) {
        tenant_.pool->probe().statement_used(entry != nullptr);
    }
    if (entry == nullptr) awaiting_ = turn_.judged = true;
    return entry;
}

// Its statements of the same text share the server's one only while nothing is open on it.
void MysqlSession::set_apart(Prepared& prepared) {
    const auto taken = [&](std::uint32_t open) {
        return prepared_.at(open).statement == prepared.statement;
    };
    while (std::any_of(cursors_.begin(), cursors_.end(), taken) ||
           std::any_of(long_data_for_.begin(), long_data_for_.end(), taken)) {
        const MysqlStatement& same = *prepared.statement;
        prepared.statement = tenant_.mysql_statements.obtain(same.text, analysis_, same.traits,
                                                             same.verb, same.copy + 1);
    }
}

void MysqlSession::statement_refused(std::string_view error) {
    awaiting_ = false;
    turn_.judged = false;
    // The command that needed it waits at the front of what is pending.
    if (const auto why = my::read_error(error)) {
        prepare_error_ = PrepareError{turn_.statement, why->number, std::string(why->sqlstate),
                                      std::string(why->message)};
    }
    home_.loop().defer(*this);
}

MysqlSession::Verdict MysqlSession::say_prepare_error() {
    const PrepareError why = *std::exchange(prepare_error_, std::nullopt);
    say_error(why.number, why.sqlstate, why.message);
    return Verdict::done;
}

MysqlSession::Verdict MysqlSession::execute(std::string_view packet, const loop::Slice* slice,
                                            bool whole) {
    Prepared* const prepared = find_prepared(packet);
    if (prepared == nullptr) return Verdict::done;
    if (prepare_failed()) {
        memory_.row_count = -1;
        memory_.means.row_count = next_statement();
        return say_prepare_error();
    }
    if (long_data_refusal_) {
        say_error(*std::exchange(long_data_refusal_, std::nullopt));
        return Verdict::done;
    }
    const auto request =
        my::read_execute(packet.substr(my::packet_header_size), prepared->parameters);
    if (!request) {
        say_error(1210, "HY000", request.error().message);
        return Verdict::done;
    }
    turn_.traits = prepared->statement->traits;
    turn_.verb = prepared->statement->verb;
    turn_.cursor = request->cursor;
    trace_statement(prepared->statement->text, false);
    if (ready() == Verdict::later) return Verdict::later;
    auto* const entry = provided(*prepared);
    if (entry == nullptr) return Verdict::later;
    if (!traced_text_.empty()) traced_text_ = prepared->statement->text;  // of another now, perhaps
    switch (recall(prepared->statement->text)) {
        case Recalled::later:
            return Verdict::later;
        case Recalled::answered:
            return Verdict::done;
        case Recalled::here:
            break;
    }
    if (request->types_bound) prepared->types.assign(request->types);
    server().executes(prepared->statement);
    if (!request->types_bound && entry->types != prepared->types) {
        built_.clear();
        if (whole) {
            my::append_execute(built_, *request, entry->id, prepared->types, prepared->parameters);
        } else {
            const std::size_t values =
                packet_length(packet) -
                static_cast<std::size_t>(request->values.data() - packet.data()) +
                my::packet_header_size;
            if (packet_length(packet) == my::longest_packet ||
                !my::append_execute_head(built_, *request, entry->id, prepared->types,
                                         prepared->parameters, values)) {
                dropped_ =
                    Answer{"0A000", "parameters of 16 MiB must be sent with their types", {}};
                return Verdict::done;
            }
            built_.append(request->values);
        }
        entry->types = prepared->types;
        forward_for(packet, built_, nullptr, whole);
        return Verdict::done;
    }
    entry->types = prepared->types;
    forward_as(packet, slice, entry->id, whole);
    return Verdict::done;
}

// The same packet with the server's id of its statement.
void MysqlSession::forward_as(std::string_view packet, const loop::Slice* slice, std::uint32_t id,
                              bool whole) {
    std::array<char, id_end> head{};
    std::copy_n(packet.data(), head.size(), head.data());
    my::put_statement(head.data() + my::packet_header_size, id);
    const bool replies = turn_.command != Command::stmt_send_long_data;
    if (replies) {
        begin_work();
        server().begin_request(packet, whole);
        if (whole) {
            note_effects();
            server().asked(turn_.command, 0, turn_.cursor);
        }
        replying_ = true;
        answered_ = false;
    }
    server().send(std::string_view(head.data(), head.size()));
    if (slice != nullptr) {
        server().send(slice->part(id_end));
    } else {
        server().send(packet.substr(id_end));
    }
    // Nobody waits for a reply before it sends more.
    if (!replies && server().unsent() > loop::Stream::pause_mark) pause_client(server_full_);
}

MysqlSession::Verdict MysqlSession::about_statement(std::string_view packet,
                                                    const loop::Slice* slice, bool whole) {
    Prepared* const prepared = find_prepared(packet);
    if (prepared == nullptr) return Verdict::done;
    const std::uint32_t id = turn_.statement;
    const bool is_open = has_cursor(id) || has_data(id);
    switch (turn_.command) {
        case Command::stmt_send_long_data: {
            if (packet.size() < id_end + 2) return Verdict::done;
            if (prepare_failed()) return Verdict::done;  // the execute is told
            if (ready() == Verdict::later) return Verdict::later;
            auto* const entry = provided(*prepared);
            if (entry == nullptr) return Verdict::later;
            if (sends_attributes_) note_long_data(*prepared, packet);
            if (!has_data(id)) long_data_for_.push_back(id);
            forward_as(packet, slice, entry->id, whole);
            streams_ = !whole;
            return Verdict::done;
        }
        case Command::stmt_fetch:
            if (!has_cursor(id) || server_ == nullptr) {
                say_error(1421, "HY000", fmt::format("The statement ({}) has no open cursor", id));
                return Verdict::done;
            }
            break;
        case Command::stmt_close:
            if (prepare_failed()) prepare_error_.reset();
            if (is_open && server_ != nullptr) server().reset_statement(*prepared->statement);
            statement_closed(id);
            prepared_bytes_ -= prepared->statement->text.size();
            prepared_.erase(id);
            return Verdict::done;
        default:  // COM_STMT_RESET
            if (!is_open || server_ == nullptr) {
                if (prepare_failed()) prepare_error_.reset();
                say_ok();
                return Verdict::done;
            }
            break;
    }
    if (prepare_failed()) return say_prepare_error();
    auto* const entry = provided(*prepared);
    if (entry == nullptr) return Verdict::later;
    forward_as(packet, slice, entry->id, whole);
    return Verdict::done;
}

// Its cursor and what was sent for its parameters are gone.
void MysqlSession::statement_closed(std::uint32_t id) {
    std::erase(cursors_, id);
    std::erase(long_data_for_, id);
    if (server_ != nullptr && quiet_ && !state_left() && !server().in_transaction()) settle();
}

// The reply to an EXECUTE, FETCH or RESET is complete.
void MysqlSession::statement_done() {
    const std::uint32_t id = turn_.statement;
    const my::ReplyTracker& tracker = server().tracker();
    if (turn_.command == Command::stmt_fetch) {
        if (tracker.outcome().failed || tracker.has(my::status::last_row_sent)) {
            std::erase(cursors_, id);
        }
        return;
    }
    std::erase(cursors_, id);
    std::erase(long_data_for_, id);
    const bool opened = turn_.command == Command::stmt_execute && !tracker.outcome().failed &&
                        tracker.has(my::status::cursor_exists);
    if (opened) cursors_.push_back(id);
}

}  // namespace weir::proxy
