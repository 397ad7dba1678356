#include "telemetry/quantile.h"

#include <cassert>
#include <cmath>
#include <numeric>

namespace weir::telemetry {

std::optional<base::Duration> estimate_quantile(std::span<const std::uint64_t> counts,
                                                std::span<const std::int64_t> bounds, double q) {
    assert(counts.size() == bounds.size() + 1 && !bounds.empty());
    assert(q >= 0 && q <= 1);
    const auto total = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
    if (total == 0) return std::nullopt;

    const double rank = q * static_cast<double>(total);
    double below = 0;
    for (std::size_t i = 0; i < bounds.size(); ++i) {
        const auto here = static_cast<double>(counts[i]);
        if (here > 0 && below + here >= rank) {
            const auto low = static_cast<double>(i == 0 ? 0 : bounds[i - 1]);
            const auto high = static_cast<double>(bounds[i]);
            return base::Duration(std::llround(low + (high - low) * (rank - below) / here));
        }
        below += here;
    }
    return base::Duration(bounds.back());
}

}  // namespace weir::telemetry
