// One client's connection in `weir test`, by the engine's own client library. Blocking, with the
// library's time-outs; a client's thread.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "cli/test_target.h"

namespace weir::cli {

class TestConnection {
  public:
    virtual ~TestConnection() = default;
    // One small transaction that the server answers; waits for it until `end` at most. Fails with
    // what the library or the server says.
    [[nodiscard]] virtual base::Result<void> transaction(base::Instant end) = 0;
    // False when another one is needed.
    [[nodiscard]] virtual bool usable() const = 0;
};
using Connected = base::Result<std::unique_ptr<TestConnection>>;

constexpr auto test_connect_limit = std::chrono::seconds(10);

[[nodiscard]] Connected connect_postgresql(const TestTarget& target);
[[nodiscard]] Connected connect_mysql(const TestTarget& target, base::Instant end);
[[nodiscard]] Connected connect_redis(const TestTarget& target, base::Instant end);

}  // namespace weir::cli
