// GraphiQL in a real Chromium, through a proxy: graphiql.mjs CHROMIUM SIGN_IN_LINK PUBLIC_URL
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const [executablePath, link, publicUrl] = process.argv.slice(2);
const ADD = 'mutation ($input: AddTeamMemberInput!) { addTeamMember(input: $input) { userErrors { message } } }';
const SECONDS = 30;
const inTime = (promise, what) =>
  Promise.race([promise, new Promise((_, refuse) => setTimeout(() => refuse(new Error(`no ${what}`)), SECONDS * 1000))]);
const folder = mkdtempSync(join(tmpdir(), 'chromium-'));
const args = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const options = { executablePath, headless: true, chromiumSandbox: false, ignoreHTTPSErrors: true, args };
const browser = await chromium.launchPersistentContext(folder, options);
const told = { refused: [], wrong: [], sockets: [] };
try {
  const tab = await browser.newPage();
  tab.setDefaultTimeout(SECONDS * 1000);
  browser.on('response', (response) => response.status() >= 400 && told.refused.push([response.url(), response.status()]));
  browser.on('requestfailed', (request) => {
    const why = request.failure()?.errorText;
    if (why !== 'net::ERR_ABORTED') told.refused.push([request.url(), why]); // so end those of a page that is left
  });
  tab.on('console', (message) => message.type() === 'error' && told.wrong.push(message.text()));
  tab.on('pageerror', (error) => told.wrong.push(String(error)));
  const heard = new Promise((resolve) => {
    tab.on('websocket', (socket) => {
      told.sockets.push(socket.url());
      socket.on('framereceived', ({ payload }) => {
        const message = JSON.parse(payload);
        if (message.type === 'connection_ack') acknowledge();
        if (message.type === 'next') resolve(Object.keys(message.payload.data ?? {}));
      });
    });
  });
  let acknowledge;
  const acknowledged = new Promise((resolve) => (acknowledge = resolve));

  await tab.goto(`${link}?next=/graphql`);
  await tab.getByRole('button', { name: 'Sign in' }).click();
  await tab.waitForURL(`${publicUrl}/graphql`);
  await tab.locator('#signed-in').waitFor();
  told.account = await tab.locator('#account').textContent();
  told.cookies = (await browser.cookies()).map(({ name, path, secure, httpOnly }) => ({ name, path, secure, httpOnly }));
  await tab.getByRole('tab', { name: /^Watch/ }).click();
  await tab.locator('.graphiql-query-editor', { hasText: 'eventRecorded' }).waitFor();
  // GraphiQL takes a moment to see which operation the editor has now: until then it would ask for that of the tab before.
  await tab.waitForFunction(() => {
    const { tabs, activeTabIndex } = JSON.parse(sessionStorage.getItem('graphiql:tabState') ?? '{"tabs":[]}');
    return tabs[activeTabIndex]?.operationName === 'Watch';
  });
  await tab.getByRole('button', { name: /^Execute/ }).click();
  await inTime(acknowledged, 'WebSocket');
  await tab.evaluate(
    async (query) =>
      fetch('graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify({ query, variables: { input: { name: 'Ben', email: 'ben@example.com', role: 'MEMBER' } } }),
      }),
    ADD,
  );
  told.heard = await inTime(heard, 'event');
  await tab.getByRole('button', { name: 'Sign out' }).click();
  await tab.waitForURL(`${publicUrl}/sign-in`);
  told.left = (await browser.cookies()).length;
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}
process.stdout.write(JSON.stringify(told));
process.exit();
