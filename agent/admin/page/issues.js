// The verdict: whether all is well, else what is wrong, whose it is, and what to do about it.

import { byId, element, keyed, setAttribute, setText, show } from './dom.js';
import { count, duration, named, percent, plain, plural } from './format.js';

const SHOWN = 6; // issues
const NAMED = 5; // tenants or pools of one issue
const HOLDERS = 3;
const LONG = 1; // seconds that nobody should wait for a connection

const SENTENCES = {
    'pool exhausted': (one) => `Pool ${one.pool} is exhausted`,
    'breaker open': (one) => `Upstream ${one.upstream} can't be reached`,
    'no upstream up': () => 'No server can be reached',
    'pool nearly full': (one) => `Pool ${one.pool} is nearly full`,
    'leaks suspected': (one) => `Connections of pool ${one.pool} are not given back`,
    'breaker half-open': (one) => `Upstream ${one.upstream} is being tried again`,
    'waits long': (one) => `Clients of pool ${one.pool} have waited long`,
    'loop silent': () => 'An event loop does not answer',
    'reload failed': () => 'The last reload failed',
    'server slots low': (one) => `The server of upstream ${one.upstream} is nearly full`,
};

const MEASURES = {
    'pool exhausted': (one) => `${count(one.value)} of ${count(one.limit)} in use`,
    'pool nearly full': (one) => `${percent(one.value)} in use`,
    'leaks suspected': (one, sum) => plural(sum, 'connection'),
    'waits long': (one) => `p99 since start ${duration(one.value)}, more than ${duration(one.limit)}`,
    'server slots low': (one) => `${count(one.value)} of ${count(one.limit)} taken`,
};

function sentence(issue) {
    const names = { pool: plain(issue.pool), upstream: plain(issue.upstream) };
    return (SENTENCES[issue.what] ?? (() => issue.what))(names);
}

// What is the same fact of many tenants, or of many pools on one upstream, is one issue with their
// names.
function byFact(issues) {
    const groups = new Map();
    for (const issue of issues) {
        const ofUpstream = issue.what.startsWith('breaker');
        const key = JSON.stringify([issue.what, ofUpstream ? '' : issue.pool, issue.upstream]);
        if (!groups.has(key)) {
            groups.set(key, { key, worst: issue, sum: 0, names: [], kind: ofUpstream ? 'pool' : 'tenant' });
        }
        groups.get(key).sum += issue.value;
        const name = ofUpstream ? plain(issue.pool) : issue.tenant && named(issue.tenant);
        if (name) groups.get(key).names.push(name);
    }
    return [...groups.values()];
}

function whose({ kind, names }) {
    if (names.length === 0) return '';
    const more = names.length > NAMED ? ` and ${count(names.length - NAMED)} more` : '';
    return `${plural(names.length, kind).replace(/^1 /, '')}: ${names.slice(0, NAMED).join(', ')}${more}`;
}

function measured({ worst, sum }) {
    return MEASURES[worst.what]?.(worst, sum) ?? '';
}

// What stands between backticks is to be typed.
function setAdvice(node, text) {
    if (node.told === text) return;
    node.told = text;
    node.replaceChildren(...plain(text).split('`').map((part, i) => (i % 2 ? element('code', {}, part) : part)));
}

function longestHolders(servers) {
    return servers.filter((server) => server.client !== '')
        .sort((a, b) => b.state_seconds - a.state_seconds).slice(0, HOLDERS);
}

function holderRow() {
    const since = element('strong');
    const who = element('bdi');
    const statement = element('code');
    const node = element('li', {}, since, ' ', who, ' ', statement);
    return { node, update(server) {
        const label = [plain(server.application_name), server.client_address].filter(Boolean).join(' at ');
        setText(since, duration(server.state_seconds));
        setText(who, `${label || 'a client'}${server.state === 'pinned' ? `, pinned (${server.pin_reason})` : ''}`);
        setText(statement, plain(server.last_statement));
        show(statement, server.last_statement !== '');
    } };
}

function issueCard() {
    const word = element('span', { class: 'badge' });
    const title = element('h2');
    const measure = element('span', { class: 'measure' });
    const tenants = element('bdi', { class: 'whose' });
    const advice = element('p', { class: 'advice' });
    const blamed = element('p', { class: 'blamed' }, 'Held longest:');
    const holders = element('ul', { class: 'holders' });
    const node = element('li', {}, element('div', { class: 'what' }, word, title, measure),
        tenants, advice, blamed, holders);
    return { node, update(group) {
        const { worst } = group;
        setAttribute(node, 'data-severity', worst.severity);
        setAttribute(node, 'data-what', worst.what);
        setText(word, worst.severity);
        setText(title, sentence(worst));
        setText(measure, measured(group));
        setText(tenants, whose(group));
        show(tenants, group.names.length > 0);
        const first = group.names.length > 1 && group.kind === 'tenant' ? `${group.names[0]}: ` : '';
        setAdvice(advice, first + worst.action.charAt(0).toUpperCase() + worst.action.slice(1));
        const longest = longestHolders(group.servers ?? []);
        show(blamed, longest.length > 0);
        show(holders, longest.length > 0);
        keyed(holders, longest, (server) => server.id, holderRow);
    } };
}

// Waiting that no issue explains: an upstream's budget is smaller than what its pools may want.
function unexplained({ pools, upstreams }) {
    const waiting = pools.filter((pool) => pool.oldest_wait_seconds > LONG);
    if (waiting.length === 0) return '';
    const short = upstreams.find((upstream) => upstream.budget_used >= upstream.budget
        && waiting.some((pool) => pool.upstream === upstream.upstream));
    return short ? `Clients wait: the budget of upstream ${plain(short.upstream)} is used up`
        : `Clients of pool ${plain(waiting[0].pool)} wait`;
}

function verdictOf(groups, health) {
    if (groups.length === 0) return unexplained(health) || 'All is well';
    const rest = groups.length - 1;
    return sentence(groups[0].worst) + (rest > 0 ? `, and ${plural(rest, 'more problem', 'more problems')}` : '');
}

function summaryOf(now, health) {
    const { used, waiting } = now.last;
    const queue = waiting === 0 ? 'nobody waits' : `${plural(waiting, 'client')} ${waiting === 1 ? 'waits' : 'wait'}`;
    const held = `${plural(used, 'server connection')} in use, ${queue}`;
    const errors = health.issues.filter((issue) => issue.severity === 'error').length;
    const warnings = health.issues.length - errors + health.unlisted_issues;
    const found = [errors && plural(errors, 'error'), warnings && plural(warnings, 'warning')].filter(Boolean);
    return [...found, held].join(' · ');
}

export function showVerdict(health, holders, now) {
    const groups = byFact(health.issues);
    for (const group of groups) group.servers = holders.get(group.worst);
    const verdict = verdictOf(groups, health);
    const status = groups.length === 0 && unexplained(health) ? 'warning' : health.status;
    setAttribute(byId('headline'), 'data-status', status);
    setText(byId('verdict'), verdict);
    setText(byId('summary'), summaryOf(now, health));
    // Read aloud when the verdict changes, not each second.
    setText(byId('announcement'), status === 'healthy' ? verdict : `${status}: ${verdict}`);
    keyed(byId('issues'), groups.slice(0, SHOWN), (group) => group.key, issueCard);
    const left = groups.length - Math.min(groups.length, SHOWN) + health.unlisted_issues;
    show(byId('more-issues'), left > 0);
    setText(byId('more-issues'), `And ${count(left)} more: see weir health.`);
    return { verdict, problems: groups.length };
}
