// Greeting and authentication of a MySQL client, by what Weir knows of the user. The greeting names
// mysql_native_password, which every driver begins with; caching_sha2_password is as welcome, and
// the way in for a user of whom only a verifier is known: there the client sends the password
// itself, under TLS, on a unix socket or encrypted with our key. COM_CHANGE_USER is the same
// without a greeting. An unknown user and a wrong password get the same error after the same
// exchange in the same time. On the lobby's loop. Source: MySQL documentation, "Connection Phase",
// "COM_CHANGE_USER".
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "proxy/login.h"
#include "proxy/mysql_errors.h"
#include "proxy/refusals.h"
#include "wire/mysql/handshake.h"

namespace weir::proxy {

class MysqlLogin final : public Login {
  public:
    MysqlLogin(Lobby& lobby, unsigned listener, base::Fd socket);
    MysqlLogin(Lobby& lobby, Newcomer returning);  // with COM_CHANGE_USER
    ~MysqlLogin() override;

    void begin() override;
    void welcomed() override;
    void timed_out() override;

  private:
    enum class Step : std::uint8_t {
        proxy_header,
        response,         // to the greeting, or a request for TLS
        change_user,      // by who had logged in
        switch_response,  // to another authentication plugin
        password          // itself, or a request for the key that encrypts it
    };

    void received(loop::Slice bytes) override;
    void end_of_input() override;

    [[nodiscard]] const settings::Listen& listen() const;
    [[nodiscard]] bool trusts() const;
    void serve();
    [[nodiscard]] bool private_channel() const;  // nobody on the way can read
    // Each takes one step off the front of buffer_; false: more bytes are needed, or it is over.
    bool advance();
    bool read_proxy_header();
    // The next packet's payload, valid until buffer_ changes; false: not whole yet, or refused.
    bool read_packet(std::string_view& payload);
    void drop_packet();
    void greet();
    [[nodiscard]] bool make_scramble();
    void take_response(std::string_view payload);
    void take_change_user(std::string_view payload);
    void introduce(const wire::mysql::HandshakeResponse& response);
    void begin_tls();
    [[nodiscard]] bool admitted_by_tls();

    // -- mysql_login_proof.cpp
    void challenge(std::string_view plugin, std::string_view response);
    void switch_to(std::string_view plugin);
    void take_switch_response(std::string_view response);
    void ask_for_password();
    void take_password(std::string_view payload);
    void judge(bool proven);
    void authenticated();

    void say(std::string_view packets) { stream_->write(packets); }
    void refuse(const Answer& why, telemetry::ClientClose reason);
    void refuse(const Answer& why, telemetry::ClientClose reason, MysqlCode code);
    void refuse(const Answer& why, telemetry::AuthFailure reason);
    void refuse(const Answer& why, telemetry::AuthFailure reason, MysqlCode code);
    void malformed(const std::string& what);

    Step step_;
    std::string buffer_;
    std::size_t packet_size_ = 0;  // of the one at the front of buffer_ that is being looked at
    std::uint8_t sequence_ = 0;    // of the next packet, in either direction
    std::uint32_t offered_ = 0;    // capabilities
    std::array<char, wire::mysql::scramble_size> scramble_{};
    std::string plugin_;           // that the client was switched to
    bool password_given_ = false;  // by any proof of one
    Newcomer newcomer_;
};

}  // namespace weir::proxy
