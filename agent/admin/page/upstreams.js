// What this agent may hold on each server, what it holds, and what the server says of itself.

import { meter } from './charts.js';
import { cell, element, keyed, rowHeading, setAttribute, setText, tableBody, tableRow, valueOf } from './dom.js';
import { count, plain, share } from './format.js';

const UPSTREAM_HEADINGS = [['Upstream'], ['State'], ['Budget'], ['Server’s own slots']];

function stateOf(upstream) {
    if (!upstream.ever_dialed) return ['calm', 'not used yet'];
    if (upstream.breaker === 'open') return ['error', 'down, breaker open'];
    if (upstream.breaker !== 'closed') return ['warning', `breaker ${upstream.breaker.replace('_', '-')}`];
    return upstream.up ? ['good', 'up'] : ['error', 'down'];
}

function toneOf(part) {
    return part >= 1 ? 'error' : part > 0.9 ? 'warning' : 'calm';
}

function upstreamRow(upstream) {
    const about = element('span', { class: 'about' });
    const state = element('span', { class: 'badge', 'data-field': 'state' });
    const problem = element('bdi', { class: 'about problem' });
    const [used, budget] = ['budget_used', 'budget'].map(valueOf);
    const [own, slots] = [meter(), meter()];
    const seen = element('span', { class: 'about' });
    const node = tableRow([
        rowHeading(element('bdi', { class: 'name' }, plain(upstream.upstream)), about),
        cell('State', '', state, problem),
        cell('Budget', 'wide', own.node, element('span', { class: 'about' }, used, ' of ', budget, ' held')),
        cell('Server’s own slots', 'wide', slots.node, seen),
    ]);
    setAttribute(node, 'data-upstream', upstream.upstream);
    return { node, update(row) {
        const [tone, word] = stateOf(row);
        const held = share(row.budget_used, row.budget);
        setText(about, `${row.engine} · ${plain(row.address)}`);
        setText(state, word);
        setAttribute(state, 'data-tone', tone);
        setText(problem, plain(row.last_error));
        setText(used, row.budget_used);
        setText(budget, row.budget);
        own.update(held, toneOf(held));
        const taken = share(row.server_slots_used, row.server_slots);
        slots.node.hidden = row.server_slots === 0;
        slots.update(taken, toneOf(taken));
        setText(seen, row.server_slots > 0
            ? `${count(row.server_slots_used)} of ${count(row.server_slots)} taken there, by anybody` : 'the server is not observed');
    } };
}

export function upstreamsTable(table) {
    const body = tableBody(table, UPSTREAM_HEADINGS);
    return (upstreams) => keyed(body, upstreams, (row) => row.upstream, upstreamRow);
}
