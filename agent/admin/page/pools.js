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
];

function tile(label, field) {
    const value = element('span', { class: 'value', 'data-total': field });
    const beside = element('span', { class: 'beside' });
    const node = element('div', { class: 'tile' }, element('dt', {}, label), element('dd', {}, value, ' ', beside));
    return { node, value, beside };
}

// `tiles` is asked for once; what it gives is called at each look.
export function tiles(list) {
    const charted = TILES.map(([field, label, kind, worded, least]) => {
        const one = tile(label, field);
        const chart = sparkline(label, kind, worded, least);
        one.node.append(element('dd', {}, chart.node));
        return { ...one, field, chart };
    });
    const [acquires, clients, leaks] = [['Acquires/s', 'acquires'], ['Clients', 'clients'],
        ['Suspected leaks', 'leaks']].map(([label, field]) => tile(label, field));
    list.append(...charted.map(({ node }) => node), acquires.node, clients.node, leaks.node);
    return (health, now) => {
        const sum = (field) => health.pools.reduce((total, pool) => total + pool[field], 0);
        const budget = health.upstreams.reduce((total, upstream) => total + upstream.budget, 0);
        const [used, waiting, p99] = charted;
        setText(used.value, count(now.used));
        setText(used.beside, `of ${count(budget)}`);
        setText(waiting.value, count(now.waiting));
        setAttribute(waiting.node, 'data-tone', now.waiting > 0 ? 'warning' : null);
        const oldest = Math.max(0, ...health.pools.map((pool) => pool.oldest_wait_seconds));
        setText(waiting.beside, now.waiting > 0 ? `oldest ${duration(oldest)}` : '');
        setText(p99.value, duration(now.recent.p99));
        for (const { field, chart } of charted) chart.update(now.track.points(field), field === 'used' ? budget : null);
        setText(acquires.value, rate(now.recent.perSecond));
        setText(clients.value, count(sum('clients')));
        setText(leaks.value, count(sum('leaks')));
        setAttribute(leaks.node, 'data-tone', sum('leaks') > 0 ? 'warning' : null);
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
    const [used, pinned, idle, waiting, p99, acquires, clients] =
        ['used', 'pinned', 'idle', 'waiting', 'p99', 'rate', 'clients'].map(valueOf);
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
        cell('In use', 'chart', usedChart.node),
        cell('Waiting', 'chart', element('span', { class: 'figure' }, waiting), waitingChart.node, oldest),
        cell('Wait p99', 'chart', element('span', { class: 'figure' }, p99), p99Chart.node, since),
        cell('Acquires/s', 'number', acquires),
        cell('Clients', 'number', clients),
    ]);
    setAttribute(node, 'data-pool', pool.pool);
    return { node, update({ row, upstreams }) {
        const most = roomOf(row, upstreams);
        setText(about, `${row.engine} · ${row.mode} · ${plain(row.upstream)} · ${count(row.tenants)} ${row.tenants === 1 ? 'tenant' : 'tenants'}`);
        keyed(marks, badges(row), ([tone, text]) => tone + text, badgeOf);
        bar.update(row, most);
        setText(used, row.used);
        setText(pinned, row.pinned);
        setText(idle, row.idle);
        setText(room, count(most));
        setText(whose, fullest(row));
        setText(waiting, count(row.waiting));
        setAttribute(node, 'data-waits', row.waiting > 0 ? 'true' : null);
        setText(oldest, row.waiting > 0 ? `oldest ${duration(row.oldest_wait_seconds)}` : '');
        setText(p99, duration(row.recent.p99));
        setText(ever, row.acquires > 0 ? duration(row.wait_p99_seconds) : '–');
        setText(acquires, rate(row.recent.perSecond));
        setText(clients, count(row.clients));
        usedChart.update(row.track.points('used'), most);
        waitingChart.update(row.track.points('waiting'), null);
        p99Chart.update(row.track.points('p99'), null);
    } };
}

function inTrouble(pool) {
    return pool.waiting > 0 || pool.leaks > 0 || pool.breaker !== 'closed' || inUse(pool) >= pool.max;
}

export function poolsTable(table) {
    byId('legend').append(...legend());
    const body = tableBody(table, POOL_HEADINGS);
    return ({ pools, upstreams }) => {
        const known = new Map(upstreams.map((upstream) => [upstream.upstream, upstream]));
        const few = pools.length <= SHOWN_POOLS;
        // In the order of the configuration, so that nothing jumps about.
        const first = few ? pools : [...pools.filter(inTrouble), ...pools.filter((pool) => !inTrouble(pool))];
        setText(byId('pools-note'), few ? 'The last two minutes'
            : `${SHOWN_POOLS} of ${count(pools.length)}, those in trouble first; the last two minutes`);
        const rows = first.slice(0, SHOWN_POOLS).map((row) => ({ row, upstreams: known }));
        keyed(body, rows, ({ row }) => row.pool, ({ row }) => poolRow(row));
        show(byId('legend'), pools.length > 0);
    };
}
