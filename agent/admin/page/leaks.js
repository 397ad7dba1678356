// Each suspected leak with its evidence, and the command that takes the connection back.

import { byId, element, keyed, setAttribute, setText, show } from './dom.js';
import { count, duration, named, plain } from './format.js';

const SHOWN_LEAKS = 20;

const ACTIONS = { report: 'only reports it', cancel: 'cancels it', close: 'closes it' };

function evidence(label, node) {
    return element('div', {}, element('dt', {}, label), element('dd', {}, node));
}

function leakCard(leak) {
    const whose = element('bdi', {}, named(leak.tenant, leak.app));
    const held = element('span', { class: 'measure' });
    const [where, who, state, statement, reaction] = ['bdi', 'bdi', 'bdi', 'code', 'bdi'].map((tag) => element(tag));
    const node = element('li', {},
        element('h3', {}, whose, ' ', held),
        element('dl', {}, evidence('Pool', where), evidence('Client', who), evidence('State', state),
            evidence('Last statement', statement), evidence('The agent', reaction),
            evidence('Take it back', element('code', {}, `weir kill --connection ${plain(leak.server)}`))));
    setAttribute(node, 'data-server', leak.server);
    return { node, update(row) {
        setText(held, `held for ${duration(row.held_seconds)}, quiet for ${duration(row.quiet_seconds)}`);
        setText(where, plain(row.pool) + (row.backend_pid > 0 ? `, server process ${row.backend_pid}` : ''));
        setText(who, [plain(row.application_name), row.client_address && `at ${row.client_address}`,
            row.user && `as ${plain(row.user)}`].filter(Boolean).join(' ') || 'gone');
        setText(state, row.state + (row.pin_reason ? ` (${row.pin_reason})` : ''));
        setText(statement, plain(row.last_statement) || '–');
        setText(reaction, ACTIONS[row.action] ?? row.action);
    } };
}

export function showLeaks(leaks) {
    const longest = [...leaks].sort((a, b) => b.held_seconds - a.held_seconds);
    show(byId('no-leaks'), leaks.length === 0);
    show(byId('leaks-list'), leaks.length > 0);
    keyed(byId('leaks-list'), longest.slice(0, SHOWN_LEAKS), (leak) => leak.server, leakCard);
    show(byId('more-leaks'), leaks.length > SHOWN_LEAKS);
    setText(byId('more-leaks'), `And ${count(leaks.length - SHOWN_LEAKS)} more: see weir leaks.`);
}
