// Start-up and authentication of a PostgreSQL client. An unknown user and a wrong password get the
// same error in the same time. On the lobby's loop.
// Source: PostgreSQL documentation, "Start-up", "SASL Authentication", "Canceling Requests in
// Progress".
#pragma once

#include <optional>
#include <string>

#include "proxy/login.h"
#include "proxy/refusals.h"
#include "wire/postgresql/scram.h"
#include "wire/postgresql/startup.h"

namespace weir::proxy {

class PostgresqlLogin final : public Login {
  public:
    PostgresqlLogin(Lobby& lobby, unsigned listener, base::Fd socket);

    void timed_out() override;

  private:
    enum class Step : std::uint8_t { proxy_header, startup, sasl_initial, sasl_response };

    void received(loop::Slice bytes) override;
    void end_of_input() override;

    // Each takes one step off the front of buffer_; false: more bytes are needed, or it is over.
    bool advance();
    bool read_proxy_header();
    bool read_startup();
    bool read_password();
    void started(const wire::postgresql::Startup& startup);
    void authenticated();
    [[nodiscard]] base::Result<void> take_parameters(const wire::postgresql::Startup& startup);
    void refuse(const Answer& why, telemetry::ClientClose reason);
    void refuse(const Answer& why, telemetry::AuthFailure reason);

    Step step_;
    std::string buffer_;
    unsigned encryption_requests_ = 0;
    Newcomer newcomer_;
    std::optional<wire::postgresql::ScramExchange> exchange_;
};

}  // namespace weir::proxy
