// A headless Chromium that does what is asked on its standard input, one JSON object a line, and
// answers each on its standard output. It ends with its input. harness/browser.py is the other side.
'use strict';
const fs = require('node:fs');
const readline = require('node:readline');
const puppeteer = require('puppeteer-core');

const AXE = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const tabs = new Map();

async function open(browser, { tab, url, width, height, scheme }) {
    const context = await browser.createBrowserContext(); // its own storage
    const page = await context.newPage();
    const seen = { requests: [], problems: [] };
    page.on('request', (request) => seen.requests.push(request.url()));
    page.on('console', (message) => {
        if (['error', 'warn'].includes(message.type())) seen.problems.push(message.text());
    });
    page.on('pageerror', (error) => seen.problems.push(String(error)));
    await page.setViewport({ width, height, isMobile: width < 600, hasTouch: width < 600 });
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    tabs.set(tab, { context, page, seen });
    await page.goto(url);
}

async function violations(page) {
    // Evaluated by the debugger, which the page's own policy does not bind.
    await page.evaluate(AXE);
    const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
    return found.violations.map(({ id, help, nodes }) => ({ id, help, where: nodes.map(({ html }) => html) }));
}

const actions = {
    open,
    seen: (_, { tab }) => tabs.get(tab).seen,
    // A page that is just being loaded anew is asked again when it is there.
    evaluate: async (_, { tab, script }) => {
        for (;;) {
            try {
                return await tabs.get(tab).page.evaluate(script);
            } catch (problem) {
                if (!/context was destroyed|navigat/i.test(String(problem))) throw problem;
            }
        }
    },
    violations: (_, { tab }) => violations(tabs.get(tab).page),
    press: (_, { tab, key }) => tabs.get(tab).page.keyboard.press(key),
    type: (_, { tab, where, text }) => tabs.get(tab).page.type(where, text),
    click: (_, { tab, where }) => tabs.get(tab).page.click(where),
    reload: async (_, { tab }) => { await tabs.get(tab).page.reload(); },
    picture: async (_, { tab, path }) => { await tabs.get(tab).page.screenshot({ path, fullPage: true }); },
    async close(_, { tab }) {
        await tabs.get(tab).context.close();
        tabs.delete(tab);
    },
};

async function main(executablePath, userDataDir) {
    const browser = await puppeteer.launch({
        executablePath, userDataDir, pipe: true, protocolTimeout: 120000,
        args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    });
    console.log(JSON.stringify({ ready: await browser.version() }));
    for await (const line of readline.createInterface({ input: process.stdin })) {
        const asked = JSON.parse(line);
        try {
            console.log(JSON.stringify({ value: await actions[asked.action](browser, asked) ?? null }));
        } catch (problem) {
            console.log(JSON.stringify({ problem: String(problem) }));
        }
    }
    await browser.close();
}

main(...process.argv.slice(2));
