// What is counted of a tenant: the scalars of its pool, of a series with its name, or of all those
// who have none. Bounded in size, for there may be tens of thousands. One writer, its loop; a
// reading adds up the cells of several loops.
#pragma once

#include "telemetry/cell.h"
#include "telemetry/vocabulary.h"

namespace weir::telemetry {

struct alignas(64) TenantCells {
    Gauge used;     // used + pinned
    Gauge pending;  // acquires waiting now
    Gauge max;
    base::ByWord<AcquireOutcome, Counter> acquires;
    Counter wait_nanoseconds, rejections, leaks_suspected, queries;
    Counter bytes_in, bytes_out;  // between its clients and the agent
};
static_assert(sizeof(TenantCells) <= 128);

struct TenantReading {
    std::int64_t used = 0, pending = 0, max = 0;
    base::ByWord<AcquireOutcome, std::uint64_t> acquires;
    std::uint64_t wait_nanoseconds = 0, rejections = 0, leaks_suspected = 0, queries = 0, bytes = 0;

    void add(const TenantCells& cells) {
        used += cells.used.read();
        pending += cells.pending.read();
        max += cells.max.read();
        for (std::size_t i = 0; i < acquires.values.size(); ++i) {
            acquires.values[i] += cells.acquires.values[i].read();
        }
        wait_nanoseconds += cells.wait_nanoseconds.read();
        rejections += cells.rejections.read();
        leaks_suspected += cells.leaks_suspected.read();
        queries += cells.queries.read();
        bytes += cells.bytes_in.read() + cells.bytes_out.read();
    }
    void add(const TenantReading& other) {
        used += other.used;
        pending += other.pending;
        max += other.max;
        for (std::size_t i = 0; i < acquires.values.size(); ++i) {
            acquires.values[i] += other.acquires.values[i];
        }
        wait_nanoseconds += other.wait_nanoseconds;
        rejections += other.rejections;
        leaks_suspected += other.leaks_suspected;
        queries += other.queries;
        bytes += other.bytes;
    }
};

}  // namespace weir::telemetry
