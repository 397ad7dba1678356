// Takes a client's connection, with what was not read of it, to where it goes on: the home of
// another pool, or the lobby.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "loop/loop.h"
#include "proxy/newcomer.h"

namespace weir::proxy {

class Moving final : public loop::DetachDone {
  public:
    // `to` outlives it: one of Shared's.
    Moving(const std::function<void(Newcomer)>& to, Newcomer newcomer, std::string unread)
        : to_(to), newcomer_(std::move(newcomer)), unread_(std::move(unread)) {}
    void detached(loop::Detached connection) override {
        connection.unread.insert(0, unread_);
        newcomer_.connection = std::move(connection);
        to_(std::move(newcomer_));
    }

  private:
    const std::function<void(Newcomer)>& to_;
    Newcomer newcomer_;
    std::string unread_;
};

}  // namespace weir::proxy
