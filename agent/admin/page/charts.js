// Sparklines and bars. Each says in words what it draws.

import { drawn, element, setAttribute } from './dom.js';
import { SPAN } from './history.js';

const WIDTH = 120;
const HEIGHT = 28;
const SHORTEST = 30; // seconds: a page just opened has something to show

function pathOf(points, top, span) {
    let path = '';
    let open = false;
    for (const [ago, value] of points) {
        if (value === null) {
            open = false;
            continue;
        }
        const x = (WIDTH * (1 - Math.min(ago, span) / span)).toFixed(1);
        const y = (HEIGHT - 1.5 - (HEIGHT - 3) * Math.min(1, value / top)).toFixed(1);
        path += `${open ? 'L' : 'M'}${x} ${y}`;
        // A stroke of no length is a dot: the first look is seen, too.
        if (!open) path += `h0`;
        open = true;
    }
    return path;
}

function areaOf(points, line) {
    if (line === '' || points.some(([, value]) => value === null)) return '';
    return `${line}V${HEIGHT}H${line.slice(1, line.indexOf(' '))}Z`;
}

// `least` is the smallest number that fills the height, so that a single waiter is no mountain.
export function sparkline(what, kind, worded, least) {
    const area = drawn('path', { class: 'area' });
    const line = drawn('path', { class: 'line' });
    const node = drawn('svg', {
        class: `spark ${kind}`, viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img',
    }, area, line);
    function update(points, top) {
        const values = points.map(([, value]) => value).filter((value) => value !== null);
        const most = Math.max(...values, 0);
        const span = Math.min(SPAN, Math.max(SHORTEST, points[0][0]));
        const path = pathOf(points, Math.max(top ?? 1.2 * most, least), span);
        setAttribute(node, 'data-flat', most === 0 ? '' : null);
        setAttribute(line, 'd', path);
        setAttribute(area, 'd', areaOf(points, path));
        const told = values.length === 0 ? 'nothing yet'
            : `now ${worded(values.at(-1))}, at most ${worded(most)}`;
        setAttribute(node, 'aria-label', `${what} in the last ${Math.round(span)} seconds: ${told}`);
    }
    return { node, update };
}

// The states that a server connection can be in, as they are stacked; the last is all that pass.
export const STATES = [
    ['used', 'in use', ['used']],
    ['pinned', 'pinned', ['pinned']],
    ['moving', 'connecting, checking, resetting, closing',
        ['connecting', 'checking', 'resetting', 'cancelling', 'closing']],
    ['idle', 'idle', ['idle']],
];

function numberIn(counts, fields) {
    return fields.reduce((sum, field) => sum + counts[field], 0);
}

// Each state's share of `room`, what the pool could have; what is left of it stays empty.
export function stackedBar() {
    const parts = STATES.map(([kind]) => element('span', { class: `part ${kind}` }));
    const node = element('div', { class: 'stack', role: 'img' }, ...parts);
    function update(counts, room) {
        const numbers = STATES.map(([, , fields]) => numberIn(counts, fields));
        const whole = Math.max(room, numbers.reduce((sum, one) => sum + one, 0), 1);
        parts.forEach((part, i) => { part.style.width = `${100 * numbers[i] / whole}%`; });
        const told = STATES.map(([, label], i) => `${numbers[i]} ${label}`).filter((_, i) => numbers[i] > 0);
        setAttribute(node, 'aria-label', `${told.join(', ') || 'no connection'}; room for ${room}`);
    }
    return { node, update };
}

export function legend() {
    return STATES.map(([kind, label]) =>
        element('li', {}, element('span', { class: `swatch ${kind}`, 'aria-hidden': 'true' }), label));
}

export function meter() {
    const part = element('span', { class: 'part' });
    const node = element('div', { class: 'meter', 'aria-hidden': 'true' }, part);
    function update(share, tone) {
        part.style.width = `${100 * share}%`;
        setAttribute(node, 'data-tone', tone);
    }
    return { node, update };
}
