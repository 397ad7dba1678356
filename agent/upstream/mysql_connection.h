// An established MySQL connection: the library's handle, kept only to own the descriptor that the
// loop relays on, and what was learnt while connecting. Made on the dial thread, dies on a loop.
#pragma once

#include <memory>
#include <utility>

#include "upstream/dialer.h"
#include "upstream/mysql_library.h"

namespace weir::upstream {

class MysqlConnection final : public loop::FdOwner {
  public:
    explicit MysqlConnection(MysqlHandle handle)
        : handle_(std::move(handle)), fd_(static_cast<int>(mysql_get_socket(handle_.get()))) {}
    [[nodiscard]] int fd() const override { return fd_; }

  private:
    MysqlHandle handle_;
    int fd_;  // the library looks for it through two tables of functions, at each receive and send
};

// Makes a connection that has just been established ready to be relayed on and tells what is known
// of it; address, cancel handle and `took` are left to the caller. Fails when it is otherwise than
// the greeting was to make it. Precondition: nothing of what the server said is outstanding.
[[nodiscard]] base::Result<Established, DialFailure> hand_over(MysqlHandle handle,
                                                               const MysqlSteering& steering,
                                                               std::uint32_t asked);

}  // namespace weir::upstream
