// What the agent says: GET with the token of this tab, and an error that tells why there is no answer.

const PATIENCE = 4000; // milliseconds; the agent itself waits two seconds for a silent loop
const KEPT = 'weir.token';

export class Unauthorized extends Error {}
export class Unanswered extends Error {}

export function keepToken(token) {
    if (token) sessionStorage.setItem(KEPT, token);
    else sessionStorage.removeItem(KEPT);
}

export function hasToken() {
    return sessionStorage.getItem(KEPT) !== null;
}

async function answerOf(path) {
    const headers = hasToken() ? { Authorization: `Bearer ${sessionStorage.getItem(KEPT)}` } : {};
    try {
        return await fetch(path, { headers, cache: 'no-store', signal: AbortSignal.timeout(PATIENCE) });
    } catch {
        throw new Unanswered('it can’t be reached');
    }
}

export async function read(path) {
    const answer = await answerOf(path);
    if (answer.status === 401) throw new Unauthorized();
    if (!answer.ok) throw new Unanswered(`it answered ${answer.status}`);
    try {
        return await answer.json();
    } catch {
        throw new Unanswered('its answer broke off');
    }
}

const TENANTS = 20;
const BLAMED = 2; // exhausted pools whose holders are asked for

function holdersQuery(issue) {
    const tenant = issue.tenant ? `&tenant=${encodeURIComponent(issue.tenant)}` : '';
    return `/api/v1/servers?pool=${encodeURIComponent(issue.pool)}${tenant}`;
}

// One look: one request after the other, since each connection occupies one of the agent's few
// workers. What is answered does not grow with the number of tenants.
export async function look(order) {
    const health = await read('/health');
    const tenants = await read(`/api/v1/tenants?sort=${order}&limit=${TENANTS}`);
    const suspected = health.pools.some((pool) => pool.leaks > 0);
    const leaks = suspected ? (await read('/api/v1/leaks')).leaks : [];
    const holders = new Map();
    const exhausted = health.issues.filter((issue) => issue.what === 'pool exhausted');
    for (const issue of exhausted.slice(0, BLAMED)) {
        holders.set(issue, (await read(holdersQuery(issue))).servers);
    }
    return { health, tenants, leaks, holders };
}
