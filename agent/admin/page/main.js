// Looks at the agent each second while the tab is seen, and says how old the numbers are when it
// gets none.

import { controls } from './controls.js';
import { byId, setAttribute, setText, show } from './dom.js';
import { duration, plain } from './format.js';
import { History } from './history.js';
import { showVerdict } from './issues.js';
import { showLeaks } from './leaks.js';
import { poolsTable, tiles } from './pools.js';
import { Unanswered, Unauthorized, hasToken, keepToken, look, read } from './source.js';
import { tenantsTable } from './tenants.js';
import { upstreamsTable } from './upstreams.js';

const EVERY = 1000; // milliseconds
const SLOWEST = 10000;
const FRESH = 3500; // older numbers are said to be old

const history = new History();
const showTiles = tiles(byId('tiles'));
const showPools = poolsTable(byId('pools-table'));
const showUpstreams = upstreamsTable(byId('upstreams-table'));
const showTenants = tenantsTable(byId('tenants-table'));

let seen = null; // when the numbers shown were told
let awake = Date.now(); // since when the tab is seen
let trouble = ''; // why there are no newer ones
let wait = EVERY;
let timer = null;
let looking = false;
let paused = false;
let agentName = '';
let problems = 0;

function showAge() {
    const age = seen === null ? null : Date.now() - seen;
    const overdue = age !== null && Date.now() - Math.max(seen, awake) > FRESH && !paused && !document.hidden;
    const lost = trouble !== '' || overdue;
    setAttribute(document.body, 'data-link', lost ? 'lost' : paused ? 'paused' : seen === null ? 'new' : 'live');
    const ago = age === null ? 'never seen' : `last seen ${duration(Math.round(age / 1000))} ago`;
    if (lost) setText(byId('seen'), `No answer: ${trouble || 'it is slow'} · ${ago}`);
    else if (paused) setText(byId('seen'), `Held still · numbers of ${duration(Math.round(age / 1000))} ago`);
    else if (seen !== null) setText(byId('seen'), 'Live');
    if (lost) {
        setText(byId('verdict'), 'The agent does not answer');
        setText(byId('announcement'), 'The agent does not answer');
        setText(byId('summary'), seen === null ? '' : `What follows is as it was ${duration(Math.round(age / 1000))} ago.`);
        setAttribute(byId('headline'), 'data-status', 'lost');
    }
    const mark = lost ? '✕ ' : problems > 0 ? `(${problems}) ` : '';
    document.title = `${mark}Weir${agentName ? ` ${agentName}` : ''}`;
}

async function learnName() {
    const name = (await read('/api/v1/config')).agent?.name;
    if (typeof name === 'string') agentName = plain(name);
    setText(byId('agent'), agentName);
}

function display({ health, tenants, leaks, holders }) {
    const now = history.add(Date.now(), health.pools, health.wait_bounds_seconds);
    problems = showVerdict(health, holders, now).problems;
    showTiles(health, now);
    showPools(health, now);
    showUpstreams(health.upstreams);
    showTenants(tenants);
    showLeaks(leaks);
}

function askForToken() {
    setText(byId('login-refused'), hasToken() ? 'The agent does not know this token.' : '');
    keepToken(null);
    show(byId('login'), true);
    show(byId('numbers'), false);
    show(byId('forget'), false);
    setAttribute(document.body, 'data-link', 'closed');
    setText(byId('seen'), 'No token');
    byId('token').focus();
}

function schedule(milliseconds) {
    clearTimeout(timer);
    timer = setTimeout(turn, milliseconds);
}

// What the agent said; null when it did not, and `trouble` is why.
async function ask() {
    try {
        if (seen === null || trouble !== '') await learnName();
        const found = await look(byId('order').value);
        trouble = '';
        wait = EVERY;
        return found;
    } catch (problem) {
        if (!(problem instanceof Unanswered)) throw problem;
        trouble = problem.message;
        wait = Math.min(SLOWEST, wait * 1.6);
        return null;
    }
}

async function turn() {
    if (looking || paused || document.hidden) return;
    looking = true;
    const began = Date.now();
    try {
        const found = await ask();
        show(byId('login'), false);
        show(byId('numbers'), true);
        show(byId('forget'), hasToken());
        // An agent of many tenants, or one that is busy, is looked at less often.
        const took = Date.now() - began;
        schedule(Math.max(EVERY / 4, wait - took, 3 * took));
        if (found !== null) {
            display(found);
            seen = Date.now();
        }
    } catch (problem) {
        if (!(problem instanceof Unauthorized)) throw problem;
        askForToken();
    } finally {
        looking = false;
    }
    if (byId('login').hidden) showAge();
}

function togglePause() {
    paused = !paused;
    setAttribute(byId('pause'), 'aria-pressed', paused);
    showAge();
    if (!paused) schedule(0);
}

byId('login-form').addEventListener('submit', (event) => {
    event.preventDefault();
    keepToken(byId('token').value.trim());
    byId('token').value = '';
    schedule(0);
});
byId('forget').addEventListener('click', () => {
    keepToken(null);
    location.reload();
});
byId('pause').addEventListener('click', togglePause);
byId('order').addEventListener('change', () => schedule(0));
document.addEventListener('visibilitychange', () => {
    awake = Date.now();
    schedule(0);
});
controls({ p: ['Hold the numbers still, or go on', togglePause] });
setInterval(() => {
    if (seen !== null || trouble !== '') if (byId('login').hidden) showAge();
}, EVERY);
turn();
