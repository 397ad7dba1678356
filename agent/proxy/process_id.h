// The process id that a client is told (BackendKeyData) as what it says to us: which of two
// processes that share the listeners at a restart serves the client, on which loop, under which
// number. Positive as a PostgreSQL Int32, as every real one is.
#pragma once

#include <cstdint>

namespace weir::proxy {

struct ProcessId {
    static constexpr std::uint32_t generations = 1U << 2U, loops = 1U << 7U, numbers = 1U << 22U;

    std::uint32_t generation = 0, loop = 0, number = 0;

    [[nodiscard]] constexpr std::uint32_t bits() const {
        return (generation * loops + loop) * numbers + number;
    }
    [[nodiscard]] static constexpr ProcessId of(std::uint32_t bits) {
        return {bits / numbers / loops % generations, bits / numbers % loops, bits % numbers};
    }
};

}  // namespace weir::proxy
