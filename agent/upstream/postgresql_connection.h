// An established PostgreSQL connection: libpq's handle, kept only to own the descriptor that the
// loop relays on, and what was learnt while connecting. Made on the dial thread, dies on a loop.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "upstream/dialer.h"

namespace weir::upstream {

class PostgresqlConnection final : public loop::FdOwner {
  public:
    // Takes over a handle in any state.
    explicit PostgresqlConnection(PGconn* handle) : handle_(handle) {}
    // Never blocks and adds no byte to the relayed stream: whoever wants a Terminate sends it
    // before.
    ~PostgresqlConnection() override;
    PostgresqlConnection(const PostgresqlConnection&) = delete;
    PostgresqlConnection& operator=(const PostgresqlConnection&) = delete;

    [[nodiscard]] int fd() const override { return PQsocket(handle_); }
    [[nodiscard]] PGconn* handle() const { return handle_; }

  private:
    PGconn* handle_;
};

// Makes a connection that has just been established ready to be relayed on and tells what is known
// of it; `took` is left to the caller. Precondition: PQstatus() is CONNECTION_OK, nothing was ever
// asked.
[[nodiscard]] base::Result<Established, DialFailure> hand_over(
    std::unique_ptr<PostgresqlConnection> connection);

}  // namespace weir::upstream
