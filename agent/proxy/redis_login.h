// Authentication of a Redis client, and which database it begins in: AUTH or HELLO, by a user name
// that may end in "@N". The connection goes to its pool's home as soon as both are known. An
// unknown user and a wrong password get the same error after the same time. On the lobby's loop.
// Source: Redis documentation, "AUTH", "HELLO", "SELECT".
#pragma once

#include <string>
#include <string_view>

#include "proxy/login.h"
#include "proxy/refusals.h"
#include "wire/redis/request_scanner.h"

namespace weir::proxy {

class RedisLogin final : public Login {
  public:
    static constexpr unsigned most_failures = 3;  // then the client is sent away

    RedisLogin(Lobby& lobby, unsigned listener, base::Fd socket);
    // Of one who comes back: for AUTH, logged in for as long as that has not worked, or for RESET.
    RedisLogin(Lobby& lobby, Newcomer returning);

    void timed_out() override;
    void welcomed() override { serve(); }

  private:
    using Request = wire::redis::Request;

    void received(loop::Slice bytes) override;
    void end_of_input() override;

    [[nodiscard]] const settings::Listen& listen() const;
    [[nodiscard]] bool trusts() const;
    void serve();  // what buffer_ asks for
    bool read_proxy_header();
    bool begin_tls();  // if the client does
    // One request, which is taken off the front of buffer_ unless the client has gone home with it.
    bool advance();
    // Whether the login is about this request; else it is for the session.
    bool handle(const Request& request);
    bool authenticate(std::string_view name, std::string_view password);  // false: was told why not
    // As handle(): the session greets, for it knows what the server speaks.
    bool hello(const Request& request);
    bool read_hello(const Request& request);
    void select(const Request& request);
    // The pool of newcomer_.database; says why there is none for this client.
    [[nodiscard]] base::Result<Route, Answer> route();
    void go_home(Route route);
    void say(std::string_view text) { stream_->write(text); }
    void failed(const Answer& why, telemetry::AuthFailure reason);
    void refuse(const std::string& error, telemetry::ClientClose reason);

    wire::redis::RequestScanner scanner_{wire::redis::RequestScanner::before_login};
    std::string buffer_;
    Newcomer newcomer_;
    bool header_due_ = false;  // of the PROXY protocol
    bool encryption_due_;      // the first byte tells whether the client speaks TLS
    bool authenticated_ = false;
};

}  // namespace weir::proxy
