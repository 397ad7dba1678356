// Who holds the connections that a refused client waited for: in words for the client, where it is
// of the same tenant, and in the log whoever it is. What a statement says about anybody is in
// neither. On the home loop of the client's pool.
#pragma once

#include <cstdint>
#include <string>

#include "pool/waiter.h"
#include "proxy/inspection.h"

namespace weir::proxy {

class PoolLoop;
class Session;
class TenantPool;

// "client 10.0.0.1:5000 (application "web"), idle in transaction, for 3.2s, last statement …".
[[nodiscard]] std::string holder_words(const LeakStatus& holder);

// For the client's error: the longest holder of its own tenant; empty when nobody of it holds what
// the pool's waiters lack.
[[nodiscard]] std::string longest_holder(const pool::Refusal& refusal, PoolLoop& home,
                                         const TenantPool& tenant);

// The line of a time-out.
void log_time_out(const pool::Refusal& refusal, PoolLoop& home, const Session& session,
                  std::uint64_t left_out);

}  // namespace weir::proxy
