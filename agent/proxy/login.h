// One connection from accept to a finished login, on the lobby's loop, whatever the engine.
#pragma once

#include "base/clock.h"
#include "base/fd.h"
#include "base/intrusive_list.h"
#include "loop/stream.h"
#include "proxy/newcomer.h"
#include "telemetry/vocabulary.h"

namespace weir::proxy {

class Lobby;

struct LoginTag;

class Login : public loop::StreamEvents, public base::ListHook<LoginTag> {
  public:
    Login(Lobby& lobby, unsigned listener, base::Fd socket);
    // One that has been at home and comes back to log in as somebody else. Takes the connection,
    // but for what is unread.
    Login(Lobby& lobby, Newcomer& returning);
    Login(const Login&) = delete;
    Login& operator=(const Login&) = delete;

    [[nodiscard]] base::Instant began() const { return began_; }
    [[nodiscard]] unsigned listener() const { return listener_; }
    [[nodiscard]] bool spoke() const { return spoke_; }
    // Told once, when the lobby knows it: where the server speaks first …
    virtual void begin() {}
    // … or it has come back, with what the client has said already.
    virtual void welcomed() {}
    virtual void timed_out() = 0;

  protected:
    // The stream is gone or on its way; counts why and hands the object back.
    void finish(telemetry::ClientClose reason);
    // Logged in: the connection goes to the home of its pool with what it said beyond its login.
    void hand_over(Newcomer newcomer, std::string unread);
    void closed(int error) override;
    void drained() override {}

    Lobby& lobby_;
    const unsigned listener_;
    const base::Instant began_;
    const base::Instant connected_;
    loop::Stream* stream_ = nullptr;
    std::string address_;
    ClientCount of_listener_;
    bool over_limit_ = false;  // the listener's max_clients; told once its start-up packet has come
    bool finished_ = false;
    bool spoke_ = false;  // sent a byte
};

}  // namespace weir::proxy
