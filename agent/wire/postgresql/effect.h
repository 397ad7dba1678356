// Why a statement ties its client's state to one server connection; words as in the metric
// catalogue.
#pragma once

#include <cstdint>

namespace weir::wire::postgresql {

enum class Effect : std::uint8_t {
    setting,
    prepared,
    temp_table,
    listen,
    advisory_lock,
    cursor,
    other
};

[[nodiscard]] constexpr std::uint32_t effect_bit(Effect effect) {
    return 1U << static_cast<unsigned>(effect);
}

}  // namespace weir::wire::postgresql
