#include "upstream/dial_thread.h"
#include "upstream/dialer.h"
#include "upstream/redis_attempt.h"

namespace weir::upstream {

std::unique_ptr<Dialer> make_redis_dialer(const settings::Upstream& upstream) {
    constexpr std::string_view default_port = "6379";
    return std::make_unique<DialThread<RedisAttempt>>(upstream, default_port);
}

}  // namespace weir::upstream
