// Twenty tenants at most, chosen and sorted by the agent.

import { meter } from './charts.js';
import { byId, cell, element, keyed, rowHeading, setAttribute, setText, tableBody, tableRow, valueOf } from './dom.js';
import { count, duration, inUse, named, plain, share } from './format.js';

const TENANT_HEADINGS = [['Tenant'], ['In use'], ['Waiting', 'number'], ['Waited since start', 'number'],
    ['Time-outs', 'number'], ['Refused', 'number'], ['Leaks', 'number']];

function troubleOf(row) {
    if (row.disabled) return ['warning', 'disabled'];
    if (row.paused) return ['warning', 'paused'];
    if (row.waiting > 0) return ['error', 'waits'];
    if (row.leaks > 0) return ['warning', 'leak'];
    if (row.max > 0 && inUse(row) >= row.max) return ['warning', 'full'];
    return ['calm', ''];
}

function tenantRow(tenant) {
    const mark = element('span', { class: 'badge' });
    const [used, waiting, waited, timeouts, rejections, leaks] =
        ['used', 'waiting', 'wait_seconds', 'timeouts', 'rejections', 'leaks'].map(valueOf);
    const max = element('span');
    const oldest = element('span', { class: 'about' });
    const bar = meter();
    const node = tableRow([
        rowHeading(element('bdi', { class: 'name' }, named(tenant.tenant, tenant.app)), ' ', mark,
            element('bdi', { class: 'about' }, `${plain(tenant.pool)} · ${plain(tenant.database)}`)),
        cell('In use', 'wide', bar.node, element('span', { class: 'about' }, used, ' of ', max)),
        cell('Waiting', 'number', waiting, oldest),
        cell('Waited since start', 'number', waited),
        cell('Time-outs', 'number', timeouts),
        cell('Refused', 'number', rejections),
        cell('Leaks', 'number', leaks),
    ]);
    setAttribute(node, 'data-tenant', tenant.tenant);
    return { node, update(row) {
        const [tone, word] = troubleOf(row);
        setText(mark, word);
        setAttribute(mark, 'data-tone', tone);
        mark.hidden = word === '';
        setText(used, inUse(row));
        setText(max, row.max);
        bar.update(share(inUse(row), row.max), row.waiting > 0 ? 'error' : word === 'full' ? 'warning' : 'calm');
        setText(waiting, count(row.waiting));
        setText(oldest, row.waiting > 0 ? `oldest ${duration(row.oldest_wait_seconds)}` : '');
        setText(waited, duration(row.wait_seconds));
        setText(timeouts, count(row.timeouts));
        setText(rejections, count(row.rejections));
        setText(leaks, count(row.leaks));
    } };
}

export function tenantsTable(table) {
    const body = tableBody(table, TENANT_HEADINGS);
    return ({ tenants, total }) => {
        setText(byId('tenants-note'), total > tenants.length
            ? `${count(tenants.length)} of ${count(total)}; all of them: weir tenants` : `${count(total)} with a pool now`);
        keyed(body, tenants, (row) => JSON.stringify([row.pool, row.tenant, row.app]), tenantRow);
    };
}
