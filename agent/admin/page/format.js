// Numbers and times as people read them.

const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

export function count(number) {
    return grouped.format(number);
}

export function plural(number, one, many = `${one}s`) {
    return `${count(number)} ${number === 1 ? one : many}`;
}

export function rate(perSecond) {
    if (perSecond === null) return '–';
    if (perSecond > 0 && perSecond < 10) return perSecond.toFixed(1);
    return grouped.format(perSecond);
}

// Two or three digits that mean something: 0.4 ms, 35 ms, 1.2 s, 3 min 20 s.
export function duration(seconds) {
    if (seconds === null) return '–';
    if (seconds === 0) return '0 s';
    if (seconds < 0.001) return `${(seconds * 1000).toFixed(1)} ms`;
    if (seconds < 0.01) return `${Number((seconds * 1000).toFixed(1))} ms`;
    if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
    if (seconds < 9.95) return `${Number(seconds.toFixed(1))} s`;
    if (seconds < 119.5) return `${Math.round(seconds)} s`;
    const whole = Math.round(seconds);
    if (whole < 7200) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
    return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

export function share(part, whole) {
    return whole > 0 ? Math.min(1, part / whole) : 0;
}

export function percent(part) {
    return `${Math.round(part * 100)} %`;
}

export function inUse(counts) {
    return counts.used + counts.pinned;
}

// Names may hold what turns the direction of text round or can't be seen: shown by its number, so
// that no name looks like another.
export function plain(text) {
    return text.replace(/[\u0000-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
        (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

export function named(tenant, app) {
    const name = plain(tenant) || '(no tenant)';
    return app ? `${name} · ${plain(app)}` : name;
}
