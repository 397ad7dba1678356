// One admin at the console: PostgreSQL's simple queries, and of the extended protocol what drivers
// need that know no other. Owned by the ConsoleDesk, on the lobby's loop; one command at a time.
// Source: PostgreSQL documentation, "Simple Query", "Extended Query".
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "loop/stream.h"
#include "proxy/console_desk.h"

namespace weir::proxy {

class Console final : public loop::StreamEvents {
  public:
    Console(ConsoleDesk& desk, Newcomer newcomer, std::uint64_t id);
    Console(const Console&) = delete;
    Console& operator=(const Console&) = delete;
    ~Console() override;

    void begin();
    void answered(ConsoleAnswer answer);  // to the command that was ordered last
    void dismiss();                       // the agent leaves; the client is told
    [[nodiscard]] std::uint64_t id() const { return id_; }

  private:
    using Formats = std::vector<wire::postgresql::Format>;
    // A parsed command; nothing: an empty statement.
    using Statement = std::optional<ConsoleCommand>;
    struct Portal {
        Statement statement;
        Formats formats;
    };

    void received(loop::Slice bytes) override;
    void end_of_input() override;
    void drained() override {}
    void closed(int error) override;

    void process();
    void message(char type, std::string_view body);
    void simple_query(std::string_view body);
    void parse(std::string_view body);
    void bind(std::string_view body);
    void describe(std::string_view body);
    void execute(std::string_view body);
    void close_named(std::string_view body);
    void run(const Statement& statement);
    void fail(const Answer& why);   // of one command; the client goes on
    void leave(const Answer& why);  // tells, and closes the connection
    void finish(telemetry::ClientClose reason);
    void enter(telemetry::ClientState state);

    ConsoleDesk& desk_;
    Newcomer who_;
    const std::uint64_t id_;
    loop::Stream* stream_ = nullptr;
    std::string buffer_;
    std::unordered_map<std::string, Statement> statements_;
    std::unordered_map<std::string, Portal> portals_;
    Formats formats_;         // of the command under way
    ConsoleCommand running_;  // the command under way
    bool busy_ = false;       // a command is under way
    bool simple_ = false;     // … and came as a simple query
    bool skipping_ = false;   // after an error, until Sync
    telemetry::ClientState state_ = telemetry::ClientState::idle;
    std::shared_ptr<std::atomic<bool>> dropped_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace weir::proxy
