#include "proxy/login.h"

#include "loop/socket.h"
#include "proxy/lobby.h"

namespace weir::proxy {
namespace {

// Completes the newcomer with its connection; on the lobby's loop.
class HandOver final : public loop::DetachDone {
  public:
    HandOver(Lobby& lobby, Newcomer newcomer, std::string unread)
        : lobby_(lobby), newcomer_(std::move(newcomer)), unread_(std::move(unread)) {}
    void detached(loop::Detached connection) override {
        connection.unread.insert(0, unread_);
        newcomer_.connection = std::move(connection);
        lobby_.hand_over(std::move(newcomer_));
    }

  private:
    Lobby& lobby_;
    Newcomer newcomer_;
    std::string unread_;
};

}  // namespace

Login::Login(Lobby& lobby, unsigned listener, base::Fd socket)
    : lobby_(lobby), listener_(listener), began_(lobby.loop().now()), connected_(began_) {
    ListenerLink& link = *lobby.shared().listeners[listener];
    of_listener_ = ClientCount(link.clients);
    over_limit_ = link.clients > link.settings->max_clients;
    address_ = loop::peer_address(socket.get());
    loop::tune(socket.get(), link.settings->keepalive);
    telemetry::SessionProbe& probe = lobby.session_probe(listener);
    probe.opened();
    probe.entered(telemetry::ClientState::login);
    stream_ = &lobby.loop().open(loop::own(std::move(socket)), *this);
}

Login::Login(Lobby& lobby, Newcomer& returning)
    : lobby_(lobby),
      listener_(returning.listener),
      began_(lobby.loop().now()),
      connected_(returning.connected),
      address_(returning.address),
      of_listener_(std::move(returning.of_listener)),
      spoke_(true) {
    lobby.session_probe(listener_).entered(telemetry::ClientState::login);
    std::string unread = std::move(returning.connection.unread);
    returning.connection.unread.clear();
    stream_ = &lobby.loop().open(std::move(returning.connection), *this);
    returning.connection.unread = std::move(unread);
}

void Login::finish(telemetry::ClientClose reason) {
    if (finished_) return;
    finished_ = true;
    lobby_.session_probe(listener_).closed(telemetry::ClientState::login, reason);
    lobby_.retire(*this);
}

void Login::hand_over(Newcomer newcomer, std::string unread) {
    finished_ = true;
    lobby_.session_probe(listener_).left(telemetry::ClientState::login);
    newcomer.listener = listener_;
    newcomer.address = address_;
    newcomer.connected = connected_;
    newcomer.of_listener = std::move(of_listener_);
    stream_->detach(std::make_unique<HandOver>(lobby_, std::move(newcomer), std::move(unread)));
    stream_ = nullptr;
    lobby_.retire(*this);
}

void Login::closed(int /*error*/) {
    const loop::Tls* tls = stream_->tls();
    const bool tls_failed = tls != nullptr && !tls->failure().empty();
    const auto& listener = lobby_.shared().listeners[listener_]->tls;
    if (tls_failed && listener != nullptr) {
        listener->handshake_failed(lobby_.loop().now(), address_, tls->failure());
    }
    stream_ = nullptr;
    finish(tls_failed ? telemetry::ClientClose::protocol_error : telemetry::ClientClose::client);
}

}  // namespace weir::proxy
