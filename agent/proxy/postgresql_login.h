// Start-up and authentication of a PostgreSQL client, by what Weir knows of the user or what the
// server is asked for it. An unknown user and a wrong password get the same error after the same
// exchange in the same time. On the lobby's loop.
// Source: PostgreSQL documentation, "Start-up", "SASL Authentication", "Canceling Requests in
// Progress".
#pragma once

#include <optional>
#include <string>

#include "proxy/found_accounts.h"
#include "proxy/login.h"
#include "proxy/refusals.h"
#include "wire/postgresql/scram.h"
#include "wire/postgresql/startup.h"

namespace weir::proxy {

class PostgresqlLogin final : public Login, Asker {
  public:
    // The newest of protocol 3 that is spoken: 3.2 brought longer cancel keys.
    static constexpr std::uint32_t newest_minor = 2;

    PostgresqlLogin(Lobby& lobby, unsigned listener, base::Fd socket);
    ~PostgresqlLogin() override;

    void timed_out() override;

  private:
    enum class Step : std::uint8_t {
        proxy_header,
        startup,
        asking,  // the server, for the account
        sasl_initial,
        sasl_response,
        md5_response
    };

    void received(loop::Slice bytes) override;
    void end_of_input() override;

    // Each takes one step off the front of buffer_; false: more bytes are needed, or it is over.
    bool advance();
    bool read_proxy_header();
    bool read_startup();
    bool answer_encryption_request(bool tls_asked_for);
    bool begin_tls(std::string_view ciphertext);
    // Whether the listener's tls.mode lets in who comes this way; refused else.
    bool admitted_by_tls();
    bool read_password();
    bool take_sasl_initial(std::string_view message);
    bool take_proof(std::string_view message);
    void started(const wire::postgresql::Startup& startup);
    void ask_server();
    // -- Asker
    void found(const Found& answer) override;
    void not_asked(const std::string& why) override;
    void challenge(const Verifier& verifier);
    void authenticated();
    void enter_console();
    [[nodiscard]] base::Result<void> take_parameters(const wire::postgresql::Startup& startup);
    void refuse(const Answer& why, telemetry::ClientClose reason);
    void refuse(const Answer& why, telemetry::AuthFailure reason);

    Step step_;
    std::string buffer_;
    unsigned encryption_requests_ = 0;
    bool direct_tls_ = false;
    Newcomer newcomer_;
    std::optional<unsigned> asked_;  // the upstream that the account is asked of
    std::optional<wire::postgresql::ScramExchange> exchange_;
    std::optional<wire::postgresql::Md5Verifier> md5_;
    wire::postgresql::Md5Salt salt_{};
};

}  // namespace weir::proxy
