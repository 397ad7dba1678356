// The bucket bounds of every histogram of a pool, in nanoseconds. The catalogue in collectors/
// prints exactly these; a bound is changed here and nowhere else.
#pragma once

#include "telemetry/histogram.h"

namespace weir::telemetry {

namespace unit {
inline constexpr std::int64_t us = 1'000;
inline constexpr std::int64_t ms = 1'000'000;
inline constexpr std::int64_t s = 1'000'000'000;
}  // namespace unit

inline constexpr Bounds<17> wait_bounds{
    100 * unit::us, 250 * unit::us, 500 * unit::us, 1 * unit::ms,     2'500 * unit::us,
    5 * unit::ms,   10 * unit::ms,  25 * unit::ms,  50 * unit::ms,    100 * unit::ms,
    250 * unit::ms, 500 * unit::ms, 1 * unit::s,    2'500 * unit::ms, 5 * unit::s,
    10 * unit::s,   30 * unit::s};

inline constexpr Bounds<18> use_bounds{
    500 * unit::us, 1 * unit::ms,     2'500 * unit::us, 5 * unit::ms,   10 * unit::ms,
    25 * unit::ms,  50 * unit::ms,    100 * unit::ms,   250 * unit::ms, 500 * unit::ms,
    1 * unit::s,    2'500 * unit::ms, 5 * unit::s,      10 * unit::s,   30 * unit::s,
    60 * unit::s,   300 * unit::s,    1800 * unit::s};

inline constexpr Bounds<14> create_bounds{
    1 * unit::ms,     2'500 * unit::us, 5 * unit::ms,   10 * unit::ms,  25 * unit::ms,
    50 * unit::ms,    100 * unit::ms,   250 * unit::ms, 500 * unit::ms, 1 * unit::s,
    2'500 * unit::ms, 5 * unit::s,      10 * unit::s,   15 * unit::s};

inline constexpr Bounds<11> age_bounds{1 * unit::s,     10 * unit::s,   60 * unit::s,
                                       300 * unit::s,   600 * unit::s,  1800 * unit::s,
                                       3600 * unit::s,  7200 * unit::s, 14400 * unit::s,
                                       43200 * unit::s, 86400 * unit::s};

// Queries and transactions alike.
inline constexpr Bounds<17> query_bounds = wait_bounds;

}  // namespace weir::telemetry
