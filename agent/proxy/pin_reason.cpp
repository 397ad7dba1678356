#include "proxy/pin_reason.h"

#include <array>
#include <utility>

#include "wire/postgresql/effect.h"

namespace weir::proxy {

using telemetry::PinReason;
using wire::postgresql::Effect;

PinReason pin_reason(std::uint32_t effects) {
    static constexpr std::array reasons{
        std::pair{Effect::prepared, PinReason::prepared},
        std::pair{Effect::temp_table, PinReason::temp_table},
        std::pair{Effect::listen, PinReason::listen},
        std::pair{Effect::advisory_lock, PinReason::advisory_lock},
        std::pair{Effect::cursor, PinReason::cursor},
        std::pair{Effect::setting, PinReason::setting},
    };
    for (const auto& [effect, reason] : reasons) {
        if ((effects & wire::postgresql::effect_bit(effect)) != 0) return reason;
    }
    return PinReason::other;
}

}  // namespace weir::proxy
