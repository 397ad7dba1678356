// Colours, keys and the dialog that lists them.

import { byId, element, setAttribute, setText } from './dom.js';

const THEMES = [['', 'System colours'], ['light', 'Light'], ['dark', 'Dark']];
const THEME_KEPT = 'weir.theme';
const KEYS_KEPT = 'weir.keys';

const SECTIONS = [['1', 'headline', 'The verdict'], ['2', 'pools', 'Pools'], ['3', 'upstreams', 'Upstreams'],
    ['4', 'tenants', 'Tenants'], ['5', 'leaks', 'Suspected leaks']];

function applyTheme(name) {
    const [value, label] = THEMES.find(([one]) => one === name) ?? THEMES[0];
    setAttribute(document.documentElement, 'data-theme', value || null);
    setText(byId('theme'), label);
    localStorage.setItem(THEME_KEPT, value);
}

function nextTheme() {
    const at = THEMES.findIndex(([one]) => one === (localStorage.getItem(THEME_KEPT) ?? ''));
    applyTheme(THEMES[(at + 1) % THEMES.length][0]);
}

function goTo(id) {
    const section = byId(id);
    section.scrollIntoView({ block: 'start' });
    section.focus({ preventScroll: true });
}

function openKeys() {
    if (!byId('keys').open) byId('keys').showModal();
}

function typing(event) {
    return event.ctrlKey || event.metaKey || event.altKey || byId('keys').open
        || event.target.closest?.('input, select, textarea') != null;
}

// `actions`: key → [what it does in words, function].
export function controls(actions) {
    const keys = new Map([
        ...SECTIONS.map(([key, id, label]) => [key, [label, () => goTo(id)]]),
        ...Object.entries(actions),
        ['t', ['Colours: of the system, light, dark', nextTheme]],
        ['?', ['This list', openKeys]],
    ]);
    for (const [key, [label]] of keys) {
        byId('keys-list').append(element('div', {}, element('dt', {}, element('kbd', {}, key)), element('dd', {}, label)));
    }
    const acting = byId('keys-on');
    acting.checked = localStorage.getItem(KEYS_KEPT) !== 'off';
    acting.addEventListener('change', () => localStorage.setItem(KEYS_KEPT, acting.checked ? 'on' : 'off'));
    document.addEventListener('keydown', (event) => {
        const found = keys.get(event.key);
        if (!found || !acting.checked || typing(event)) return;
        event.preventDefault();
        found[1]();
    });
    byId('theme').addEventListener('click', nextTheme);
    byId('help').addEventListener('click', openKeys);
    applyTheme(localStorage.getItem(THEME_KEPT) ?? '');
}
