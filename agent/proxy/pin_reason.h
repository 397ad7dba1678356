// Which of the effects of a client's statements is given as the reason of its pin.
#pragma once

#include <cstdint>

#include "telemetry/vocabulary.h"

namespace weir::proxy {

// `effects`: wire::postgresql::Effect bits, at least one.
[[nodiscard]] telemetry::PinReason pin_reason(std::uint32_t effects);

}  // namespace weir::proxy
