// The numbers of all pools together, and one row for each.

import { legend, sparkline, stackedBar } from './charts.js';
import { byId, cell, element, keyed, rowHeading, setAttribute, setText, show, tableBody, tableRow, valueOf } from './dom.js';
import { count, duration, inUse, named, plain, rate } from './format.js';

const SHOWN_POOLS = 60;
const POOL_HEADINGS = [['Pool'], ['Connections'], ['In use'], ['Waiting'], ['Wait p99'], ['Acquires/s', 'number'],
    ['Clients', 'number']];

const TILES = [
    ['used', 'In use', 'use', count, 1],
    ['waiting', 'Waiting', 'wait', count, 4],
    ['p99', 'Wait p99, 10 s', 'time', duration, 0.001],
    ['rate', 'Acquires/s', 'use', rate, 1],
    ['clients', 'Clients', 'use', count, 1],
    ['leaks', 'Suspected leaks', 'wait', count, 4],
];

function tile([field, label, kind, worded, least]) {
    const value = element('span', { class: 'value', 'data-total': field });
    const beside = element('span', { class: 'beside' });
    const chart = sparkline(label, kind, worded, least);
    const node = element('div', { class: 'tile' }, element('dt', {}, label),
        element('dd', {}, value, ' ', beside), element('dd', {}, chart.node));
    return { node, update(now, remark, top, alarming) {
        setText(value, worded(now.last[field]));
        setText(beside, remark);
        setAttribute(node, 'data-tone', alarming && now.last[field] > 0 ? 'warning' : null);
        chart.update(now.track.points(field), top);
    } };
}

// `tiles` is asked for once; what it gives is called at each look.
export function tiles(list) {
    const all = TILES.map(tile);
    list.append(...all.map(({ node }) => node));
    const [used, waiting, p99, acquires, clients, leaks] = all;
    return (health, now) => {
        const budget = health.upstreams.reduce((total, upstream) => total + upstream.budget, 0);
        const oldest = Math.max(0, ...health.pools.map((pool) => pool.oldest_wait_seconds));
        used.update(now, `of ${count(budget)}`, budget, false);
        waiting.update(now, now.last.waiting > 0 ? `oldest ${duration(oldest)}` : '', null, true);
        for (const one of [p99, acquires, clients]) one.update(now, '', null, false);
        leaks.update(now, '', null, true);
    };
}

function badges(pool) {
    return [
        pool.breaker !== 'closed' && ['error', `breaker ${pool.breaker.replace('_', '-')}`],
        pool.leaks > 0 && ['warning', `${pool.leaks} suspected`],
        pool.paused && ['warning', 'paused'],
        pool.disabled && ['warning', 'disabled'],
    ].filter(Boolean);
}

function badgeOf([tone]) {
    const node = element('span', { class: 'badge', 'data-tone': tone });
    return { node, update: ([, text]) => setText(node, text) };
}

// What the pools of the template could have at most, all tenants together.
function roomOf(pool, upstreams) {
    const budget = upstreams.get(pool.upstream)?.budget ?? Infinity;
    return Math.min(pool.max * Math.max(1, pool.tenants), budget);
}

function fullest(pool) {
    if (pool.fullest_used === 0 || pool.tenants < 2) return '';
    return `fullest: ${named(pool.fullest_tenant)}, ${pool.fullest_used} of ${pool.max}`;
}

function poolRow(pool) {
    const name = element('bdi', { class: 'name' }, plain(pool.pool));
    const about = element('span', { class: 'about' });
    const marks = element('span', { class: 'marks' });
    const bar = stackedBar();
    const [held, used, pinned, idle, waiting, p99, acquires, clients] =
        ['in_use', 'used', 'pinned', 'idle', 'waiting', 'p99', 'rate', 'clients'].map(valueOf);
    const room = element('span');
    const whose = element('bdi', { class: 'about' });
    const oldest = element('span', { class: 'about' });
    const since = element('span', { class: 'about' });
    const ever = valueOf('wait_p99_seconds');
    since.append('since start ', ever);
    const usedChart = sparkline(`${plain(pool.pool)} in use`, 'use', count, 1);
    const waitingChart = sparkline(`${plain(pool.pool)} waiting`, 'wait', count, 4);
    const p99Chart = sparkline(`${plain(pool.pool)} wait p99`, 'time', duration, 0.001);
    const node = tableRow([
        rowHeading(name, about, marks),
        cell('Connections', 'wide', bar.node,
            element('span', { class: 'about' }, used, ' used · ', pinned, ' pinned · ', idle, ' idle · room for ', room),
            whose),
        cell('In use', 'chart', element('span', { class: 'figure' }, held), usedChart.node),
        cell('Waiting', 'chart', element('span', { class: 'figure' }, waiting), waitingChart.node, oldest),
        cell('Wait p99', 'chart', element('span', { class: 'figure' }, p99), p99Chart.node, since),
        cell('Acquires/s', 'number', acquires),
        cell('Clients', 'number', clients),
    ]);
    setAttribute(node, 'data-pool', pool.pool);
    return { node, update({ row, upstreams, track, last }) {
        const most = roomOf(row, upstreams);
        setText(about, `${row.engine} · ${row.mode} · ${plain(row.upstream)} · ${count(row.tenants)} ${row.tenants === 1 ? 'tenant' : 'tenants'}`);
        keyed(marks, badges(row), ([tone, text]) => tone + text, badgeOf);
        bar.update(row, most);
        setText(held, count(last.used));
        setText(used, row.used);
        setText(pinned, row.pinned);
        setText(idle, row.idle);
        setText(room, count(most));
        setText(whose, fullest(row));
        setText(waiting, count(row.waiting));
        setAttribute(node, 'data-waits', row.waiting > 0 ? 'true' : null);
        setText(oldest, row.waiting > 0 ? `oldest ${duration(row.oldest_wait_seconds)}` : '');
        setText(p99, duration(last.p99));
        setText(ever, row.acquires > 0 ? duration(row.wait_p99_seconds) : '–');
        setText(acquires, rate(last.rate));
        setText(clients, count(row.clients));
        usedChart.update(track.points('used'), most);
        waitingChart.update(track.points('waiting'), null);
        p99Chart.update(track.points('p99'), null);
    } };
}

function inTrouble(pool) {
    return pool.waiting > 0 || pool.leaks > 0 || pool.breaker !== 'closed' || inUse(pool) >= pool.max;
}

export function poolsTable(table) {
    byId('legend').append(...legend());
    const body = tableBody(table, POOL_HEADINGS);
    return ({ pools, upstreams }, now) => {
        const known = new Map(upstreams.map((upstream) => [upstream.upstream, upstream]));
        const few = pools.length <= SHOWN_POOLS;
        // In the order of the configuration, so that nothing jumps about.
        const first = few ? pools : [...pools.filter(inTrouble), ...pools.filter((pool) => !inTrouble(pool))];
        setText(byId('pools-note'), few ? 'The last two minutes'
            : `${SHOWN_POOLS} of ${count(pools.length)}, those in trouble first; the last two minutes`);
        const rows = first.slice(0, SHOWN_POOLS).map((row) => ({ row, upstreams: known, ...now.pools.get(row.pool) }));
        keyed(body, rows, ({ row }) => row.pool, ({ row }) => poolRow(row));
        show(byId('legend'), pools.length > 0);
    };
}
