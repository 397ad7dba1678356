// Building and updating the document. Text goes in as text nodes and nothing else: names and
// statements are whatever a client chose to send.

const SVG = 'http://www.w3.org/2000/svg';

function build(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
        if (value === true) node.setAttribute(name, '');
        else if (value !== false && value != null) node.setAttribute(name, value);
    }
    node.append(...children);
    return node;
}

export function element(tag, attributes = {}, ...children) {
    return build(document.createElement(tag), attributes, children);
}

export function drawn(tag, attributes = {}, ...children) {
    return build(document.createElementNS(SVG, tag), attributes, children);
}

export function byId(id) {
    return document.getElementById(id);
}

// Writes only what differs, so that nothing that stays is laid out, or read aloud, again.
export function setText(node, text) {
    const wanted = String(text);
    if (node.textContent !== wanted) node.textContent = wanted;
}

export function setAttribute(node, name, value) {
    if (value === null) node.removeAttribute(name);
    else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

export function show(node, shown) {
    if (node.hidden === shown) node.hidden = !shown;
}

// Makes the children of `parent` those of `items`, in their order. A child stays that of its key:
// `create(item)` gives { node, update }, and `update(item)` is called each time.
export function keyed(parent, items, key, create) {
    const present = parent.byKey ?? (parent.byKey = new Map());
    const wanted = new Set();
    let at = null;
    for (const item of items) {
        const name = key(item);
        wanted.add(name);
        if (!present.has(name)) present.set(name, create(item));
        const child = present.get(name);
        child.update(item);
        const next = at === null ? parent.firstElementChild : at.nextElementSibling;
        if (child.node !== next) parent.insertBefore(child.node, next);
        at = child.node;
    }
    for (const [name, child] of present) {
        if (wanted.has(name)) continue;
        child.node.remove();
        present.delete(name);
    }
}

// The head and the empty body of a table. On a phone its rows become blocks, which takes a table's
// meaning away from assistive technology unless the roles are said.
export function tableBody(table, headings) {
    const cells = headings.map(([label, kind]) =>
        element('th', { role: 'columnheader', scope: 'col', class: kind }, label));
    const body = element('tbody', { role: 'rowgroup' });
    table.append(element('thead', { role: 'rowgroup' }, element('tr', { role: 'row' }, ...cells)), body);
    return body;
}

export function tableRow(cells) {
    return element('tr', { role: 'row' }, ...cells);
}

export function rowHeading(...children) {
    return element('th', { role: 'rowheader', scope: 'row' }, ...children);
}

// `label` is what stands in the column's heading: a phone shows it beside the value.
export function cell(label, kind, ...children) {
    return element('td', { role: 'cell', 'data-label': label, class: kind },
        element('div', {}, ...children));
}

// A value that changes; `field` is the API's name of it.
export function valueOf(field) {
    return element('span', { 'data-field': field });
}
