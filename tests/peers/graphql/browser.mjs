// The page of page.mjs in a real Chromium, from an origin of its own: browser.mjs CHROMIUM ORIGIN_PORT ADDRESS TOKEN
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';

const [executablePath, port, url, token] = process.argv.slice(2);
const bundled = await build({ entryPoints: ['page.mjs'], bundle: true, write: false, format: 'iife', define: { 'process.env.NODE_ENV': '"production"' } });
const page = `<!doctype html><title>A page</title><script>${bundled.outputFiles[0].text.replaceAll('</script', '<\\/script')}</script>`;
const serve = (where) =>
  new Promise((resolve) => {
    const server = createServer((_, answer) => answer.writeHead(200, { 'content-type': 'text/html' }).end(page));
    server.listen(where, '127.0.0.1', () => resolve(server));
  });

const friend = await serve(Number(port));
const stranger = await serve(0);
const folder = mkdtempSync(join(tmpdir(), 'chromium-'));
const args = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const browser = await chromium.launchPersistentContext(folder, { executablePath, headless: true, chromiumSandbox: false, args });
const told = { headers: [] };
try {
  const tab = await browser.newPage();
  const session = await browser.newCDPSession(tab);
  await session.send('Network.enable');
  session.on('Network.requestWillBeSentExtraInfo', ({ headers }) => {
    const names = Object.keys(headers).map((name) => name.toLowerCase());
    if (names.includes('sentry-trace') && !told.headers.length) told.headers = names;
  });
  await tab.goto(`http://127.0.0.1:${port}/`);
  told.friend = await tab.evaluate((asked) => globalThis.ask(asked), { url, token });
  told.withoutToken = await tab.evaluate((asked) => globalThis.ask(asked), { url, credentials: 'omit' });
  told.withCookies = await tab.evaluate((asked) => globalThis.ask(asked), { url, token, credentials: 'include' });
  await tab.goto(`http://127.0.0.1:${stranger.address().port}/`);
  told.stranger = await tab.evaluate((asked) => globalThis.ask(asked), { url, token });
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}
process.stdout.write(JSON.stringify(told));
process.exit();
