#include "proxy/console.h"

#include <utility>

#include "wire/postgresql/message_types.h"
#include "wire/postgresql/messages.h"

namespace weir::proxy {

namespace pg = wire::postgresql;
using telemetry::ClientClose;
using telemetry::ClientState;

namespace {

constexpr std::size_t header_size = 5;
// A command is short: whoever sends more is no admin at a console.
constexpr std::size_t most_unread = std::size_t{64} * 1024;
constexpr std::size_t most_named = 100;

std::uint32_t length_at(std::string_view text) {
    std::uint32_t length = 0;
    for (std::size_t i = 1; i < header_size; ++i) {
        length = length << 8U | static_cast<unsigned char>(text[i]);
    }
    return length;
}

Answer malformed() { return protocol_violation("a malformed message"); }

}  // namespace

Console::Console(ConsoleDesk& desk, Newcomer newcomer, std::uint64_t id)
    : desk_(desk), who_(std::move(newcomer)), id_(id) {
    desk_.probe(who_.listener).entered(state_);
}

Console::~Console() { *dropped_ = true; }

void Console::begin() {
    stream_ = &desk_.loop().open(std::move(who_.connection), *this);
    // As PgBouncer's console says: drivers learn from it what they need not ask for.
    for (const auto& [name, value] : {std::pair{"server_version", "1.18.0/bouncer"},
                                      {"client_encoding", "UTF8"},
                                      {"server_encoding", "UTF8"},
                                      {"DateStyle", "ISO"},
                                      {"TimeZone", "GMT"},
                                      {"standard_conforming_strings", "on"},
                                      {"is_superuser", "on"}}) {
        stream_->write(pg::parameter_status(name, value));
    }
    // Of nobody: a command of the console can't be cancelled.
    stream_->write(pg::backend_key_data(0, std::string_view("\0\0\0\0", 4)));
    stream_->write(pg::ready_for_query(pg::TransactionStatus::idle));
}

void Console::received(loop::Slice bytes) {
    buffer_.append(bytes.bytes());
    process();
    if (stream_ != nullptr && buffer_.size() > most_unread) {
        leave(protocol_violation("more than the console reads at once"));
    }
}

void Console::end_of_input() {
    stream_->close();
    stream_ = nullptr;
    finish(ClientClose::client);
}

void Console::closed(int /*error*/) {
    stream_ = nullptr;
    finish(ClientClose::client);
}

void Console::process() {
    while (stream_ != nullptr && !busy_ && buffer_.size() >= header_size) {
        const std::uint32_t length = length_at(buffer_);
        if (length < 4 || length > most_unread) {
            leave(malformed());
            return;
        }
        if (buffer_.size() < 1 + std::size_t{length}) return;
        const std::string whole = buffer_.substr(0, 1 + std::size_t{length});
        buffer_.erase(0, whole.size());
        message(whole.front(), std::string_view(whole).substr(header_size));
    }
}

void Console::message(char type, std::string_view body) {
    namespace from = pg::frontend;
    if (skipping_ && type != from::sync && type != from::terminate) return;
    switch (type) {
        case from::query:
            return simple_query(body);
        case from::parse:
            return parse(body);
        case from::bind:
            return bind(body);
        case from::describe:
            return describe(body);
        case from::execute:
            return execute(body);
        case from::close:
            return close_named(body);
        case from::flush:
            return;  // every turn ends with one
        case from::sync:
            skipping_ = false;
            portals_.clear();
            stream_->write(pg::ready_for_query(pg::TransactionStatus::idle));
            return;
        case from::terminate:
            stream_->close();
            stream_ = nullptr;
            return finish(ClientClose::client);
        default:
            return leave(protocol_violation("the console knows no such message"));
    }
}

void Console::simple_query(std::string_view body) {
    simple_ = true;
    formats_.clear();
    const auto text = body.substr(0, body.find('\0'));
    if (is_blank(text)) return run(std::nullopt);
    const auto command = parse_console_command(text);
    if (!command) return fail(command.error());
    run(*command);
}

void Console::parse(std::string_view body) {
    simple_ = false;
    const auto request = pg::read_parse(body);
    if (!request) return leave(malformed());
    Statement statement;
    if (!is_blank(request->sql)) {
        auto command = parse_console_command(request->sql);
        if (!command) return fail(command.error());
        statement = std::move(*command);
    }
    if (statements_.size() >= most_named && !statements_.contains(request->statement)) {
        return fail({"54000", "too many prepared statements", {}});
    }
    statements_[request->statement] = std::move(statement);
    stream_->write(pg::parse_complete());
}

void Console::bind(std::string_view body) {
    simple_ = false;
    auto request = pg::read_bind(body);
    if (!request) return leave(malformed());
    const auto found = statements_.find(request->statement);
    if (found == statements_.end()) return fail({"26000", "there is no such statement", {}});
    if (request->parameters > 0) return fail({"0A000", "the console takes no parameters", {}});
    if (portals_.size() >= most_named && !portals_.contains(request->portal)) {
        return fail({"54000", "too many portals", {}});
    }
    portals_[request->portal] = {found->second, std::move(request->formats)};
    stream_->write(pg::bind_complete());
}

void Console::describe(std::string_view body) {
    simple_ = false;
    const auto request = pg::read_named(body);
    if (!request) return leave(malformed());
    const Statement* statement = nullptr;
    Formats formats;
    if (request->kind == 'S') {
        const auto found = statements_.find(request->name);
        if (found == statements_.end()) return fail({"26000", "there is no such statement", {}});
        statement = &found->second;
        stream_->write(pg::no_parameters());
    } else {
        const auto found = portals_.find(request->name);
        if (found == portals_.end()) return fail({"34000", "there is no such portal", {}});
        statement = &found->second.statement;
        formats = found->second.formats;
    }
    const bool shows = *statement && (*statement)->verb == ConsoleVerb::show &&
                       (*statement)->subject != ConsoleSubject::help;
    stream_->write(shows ? pg::row_description(columns_of((*statement)->subject), formats)
                         : pg::no_data());
}

void Console::execute(std::string_view body) {
    simple_ = false;
    const auto end = body.find('\0');
    if (end == std::string_view::npos) return leave(malformed());
    const auto found = portals_.find(std::string(body.substr(0, end)));
    if (found == portals_.end()) return fail({"34000", "there is no such portal", {}});
    formats_ = found->second.formats;
    run(found->second.statement);
}

void Console::close_named(std::string_view body) {
    const auto request = pg::read_named(body);
    if (!request) return leave(malformed());
    if (request->kind == 'S') {
        statements_.erase(request->name);
    } else {
        portals_.erase(request->name);
    }
    stream_->write(pg::close_complete());
}

void Console::run(const Statement& statement) {
    if (!statement) {
        stream_->write(pg::empty_query_response());
        if (simple_) stream_->write(pg::ready_for_query(pg::TransactionStatus::idle));
        return;
    }
    running_ = *statement;
    busy_ = true;
    enter(ClientState::active);
    desk_.order({id_, running_, who_.user + "@" + who_.address, dropped_, false});
}

void Console::answered(ConsoleAnswer answer) {
    if (stream_ == nullptr) return;  // it has gone in this very turn
    busy_ = false;
    enter(ClientState::idle);
    if (answer.error) {
        fail(*answer.error);
    } else {
        if (running_.verb == ConsoleVerb::show && running_.subject == ConsoleSubject::help) {
            stream_->write(pg::detailed_notice("Console usage", console_help));
        } else if (answer.table) {
            const auto& [columns, rows] = *answer.table;
            if (simple_) stream_->write(pg::row_description(columns));
            for (const auto& row : rows) stream_->write(pg::data_row(columns, row, formats_));
        }
        stream_->write(pg::command_complete(base::word(running_.verb)));
        if (simple_) stream_->write(pg::ready_for_query(pg::TransactionStatus::idle));
    }
    process();
}

void Console::fail(const Answer& why) {
    stream_->write(pg::error_response("ERROR", why.sqlstate, why.message, {}, why.hint));
    if (simple_) {
        stream_->write(pg::ready_for_query(pg::TransactionStatus::idle));
    } else {
        skipping_ = true;
    }
}

void Console::dismiss() {
    if (stream_ != nullptr) leave(draining());
}

void Console::leave(const Answer& why) {
    stream_->write(pg::error_response("FATAL", why.sqlstate, why.message, {}, why.hint));
    stream_->close_after_flush();
    stream_ = nullptr;
    finish(why.sqlstate == draining().sqlstate ? ClientClose::drain : ClientClose::protocol_error);
}

void Console::finish(ClientClose reason) {
    *dropped_ = true;
    desk_.probe(who_.listener).closed(state_, reason);
    desk_.retire(*this);
}

void Console::enter(ClientState state) {
    if (state == state_) return;
    desk_.probe(who_.listener).changed(state_, state);
    state_ = state;
}

}  // namespace weir::proxy
