// What the page remembers of its looks: two minutes of a few numbers a pool, from which come the
// sparklines, the rates and the p99 of the last seconds. Gone with the tab; Prometheus keeps more.

export const SPAN = 120; // seconds
const RECENT = 10; // seconds that rates and p99 are of

// As Prometheus' histogram_quantile(): linear within the bucket, the highest bound for what is
// above it. Null when nothing was observed.
export function quantile(counts, bounds, q) {
    const total = counts.reduce((sum, one) => sum + one, 0);
    if (total <= 0) return null;
    let below = 0;
    for (let i = 0; i < bounds.length; ++i) {
        if (counts[i] > 0 && below + counts[i] >= q * total) {
            const low = i === 0 ? 0 : bounds[i - 1];
            return low + (bounds[i] - low) * (q * total - below) / counts[i];
        }
        below += counts[i];
    }
    return bounds[bounds.length - 1];
}

class Track {
    looks = [];

    // `numbers`: used, waiting, clients, leaks, and the counters acquires and counts.
    add(at, numbers) {
        const last = this.looks.at(-1);
        // Counters that went down are those of another process: nothing before can be compared.
        const restarted = last && numbers.counts.some((one, i) => one < last.counts[i]);
        if (restarted) for (const look of this.looks) look.counts = null;
        this.looks.push({ at, ...numbers, p99: null, rate: null });
        while (this.looks[0].at < at - SPAN * 1000) this.looks.shift();
    }

    // The look that the recent seconds began with; null when there is only one.
    since(at) {
        const found = this.looks.find((look) => look.counts && look.at >= at - RECENT * 1000 - 500);
        return found && found !== this.looks.at(-1) ? found : null;
    }

    // The last look, with what is of the recent seconds.
    recent(bounds) {
        const last = this.looks.at(-1);
        const first = this.since(last.at);
        if (first === null) return last;
        const counts = last.counts.map((one, i) => one - first.counts[i]);
        last.p99 = quantile(counts, bounds, 0.99);
        last.rate = Math.max(0, last.acquires - first.acquires) * 1000 / (last.at - first.at);
        return last;
    }

    // [seconds before the last look, value], oldest first; a value may be null.
    points(field) {
        const last = this.looks.at(-1).at;
        return this.looks.map((look) => [(last - look.at) / 1000, look[field]]);
    }
}

export class History {
    #tracks = new Map();
    #all = new Track();

    // Remembers a look at all pools; gives the track of each and of all of them together.
    add(at, pools, bounds) {
        const names = new Set(pools.map((pool) => pool.pool));
        for (const name of this.#tracks.keys()) if (!names.has(name)) this.#tracks.delete(name);
        const sum = { used: 0, waiting: 0, clients: 0, leaks: 0, acquires: 0, counts: bounds.map(() => 0).concat(0) };
        const recent = new Map();
        for (const pool of pools) {
            if (!this.#tracks.has(pool.pool)) this.#tracks.set(pool.pool, new Track());
            const track = this.#tracks.get(pool.pool);
            const { waiting, clients, leaks, acquires, wait_counts: counts } = pool;
            track.add(at, { used: pool.used + pool.pinned, waiting, clients, leaks, acquires, counts });
            const last = track.recent(bounds);
            recent.set(pool.pool, { track, last });
            for (const field of ['used', 'waiting', 'clients', 'leaks', 'acquires']) sum[field] += last[field];
            counts.forEach((one, i) => { sum.counts[i] += one; });
        }
        this.#all.add(at, sum);
        return { track: this.#all, last: this.#all.recent(bounds), pools: recent };
    }
}
