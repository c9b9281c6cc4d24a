// The real program on a data directory of its own, and a browser that reports what must not happen: a request that
// leaves this machine, a violation of the page's content security policy, an error in a script.

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const BINARY = process.env.TEST_BINARY ?? new URL('../../target/debug/shutong', import.meta.url).pathname;
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** A token that the platform below takes; it refuses every other. */
export const GOOD_TOKEN = '88_good-token-0123456789';

/** A platform that tells whether a token is good. It gives one if this server is on its whitelist. `own` answers first: by path, from the body. */
async function platform(isListed, own) {
  const refused = { errcode: 40164, errmsg: 'invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 4-5-6' };
  const server = createServer(async (request, response) => {
    const answer = own[new URL(request.url, 'http://x').pathname];
    if (answer) {
      let body = '';
      for await (const piece of request) body += piece;
      response.end(JSON.stringify(answer(body)));
      return;
    }
    const isGood = new URL(request.url, 'http://x').searchParams.get('access_token') === GOOD_TOKEN;
    const answers = {
      '/cgi-bin/getcallbackip': isGood ? { ip_list: ['203.0.113.1'] } : { errcode: 40001, errmsg: 'invalid credential rid: 1-2-3' },
      '/cgi-bin/stable_token': isListed ? { access_token: GOOD_TOKEN, expires_in: 7200 } : refused,
    };
    response.end(JSON.stringify(answers[new URL(request.url, 'http://x').pathname] ?? { errcode: 48001, errmsg: 'api unauthorized' }));
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return server;
}

const config = (account) => `
[listen]
public = "127.0.0.1:0"
token = "127.0.0.1:0"
admin = "127.0.0.1:0"
${account}`;

const account = (api) => `
[[account]]
name = "books"
app_id = "wx0123456789abcdef"
app_secret = "0123456789abcdef0123456789abcdef"
api_base = "${api}"
token = "callbacktoken"
encoding_aes_key = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
`;

/** Runs `shutong serve` until its output matches; gives the process and the match. */
async function run(parameters, awaited, environment = {}) {
  const child = spawn(BINARY, ['serve', ...parameters], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...environment } });
  let output = '';
  const found = await new Promise((resolve, reject) => {
    const limit = setTimeout(() => { child.kill('SIGKILL'); reject(new Error(`not started within 60 s:\n${output}`)); }, 60_000);
    child.once('exit', (code) => reject(new Error(`the program ended with ${code}:\n${output}`)));
    child.stdout.on('data', (text) => {
      output += text;
      const found = output.match(awaited);
      if (found) { clearTimeout(limit); resolve(found); }
    });
  });
  child.removeAllListeners('exit');
  return { child, found, output: () => output };
}

/** Ends a process; gives its exit code. */
async function end(child, signal) {
  const ended = new Promise((resolve) => { child.once('exit', resolve); });
  child.kill(signal);
  return ended;
}

/**
 * Starts `shutong serve` on free ports. With `demo` it has books, and an account whose platform is simulated; without,
 * nothing at all; `isListed`: the platform gives it a token; `answers`: further ones of the platform. Gives its addresses, its setup link, and how to stop it, to kill it, and to start it again.
 */
export async function start({ demo = true, isListed = false, answers = {} } = {}) {
  const data = await mkdtemp(join(tmpdir(), 'shutong-'));
  const file = join(data, 'shutong.toml');
  const simulated = await platform(isListed, answers);
  await writeFile(file, config(demo ? account(`http://127.0.0.1:${simulated.address().port}`) : ''), { mode: 0o600 });
  const parameters = [...(demo ? ['--demo'] : []), '--data', data, '--config', file];
  let running = await run(parameters, /http:\/\/\S+\/setup#\w+/);
  const link = running.found[0];
  const { host: listener, origin: admin } = new URL(link);
  return {
    link, admin, data,
    public: running.output().match(/public=(\S+)/)?.[1],
    kill: () => end(running.child, 'SIGKILL'),
    async restart() { running = await run(parameters, /listening .*\n/, { SHUTONG_LISTEN__ADMIN: listener }); },
    async stop() {
      const code = await end(running.child, 'SIGTERM');
      simulated.closeAllConnections();
      simulated.close();
      await rm(data, { recursive: true, force: true });
      return code;
    },
  };
}

/** A browser page that collects faults in `faults`. */
export async function open() {
  // No name leads anywhere: what is not on this machine cannot be reached, and is recorded below.
  const rules = 'MAP * ~NOTFOUND , EXCLUDE 127.0.0.1';
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', `--host-resolver-rules=${rules}`] });
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'zh-CN', reducedMotion: 'reduce' });
  const page = await context.newPage();
  const faults = [];
  page.on('pageerror', (error) => faults.push(`script: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of (401|403|410|422)/.test(message.text())) faults.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (!['data:', 'blob:'].includes(protocol) && hostname !== '127.0.0.1') faults.push(`request to ${request.url()}`);
  });
  await context.exposeBinding('reportViolation', (_, text) => faults.push(`policy: ${text}`));
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => window.reportViolation(`${event.violatedDirective} ${event.blockedURI}`));
  });
  return { browser, context, page, faults };
}

/** Sets the password, and so is in. */
export async function enter({ page }, program, password = 'correct horse battery') {
  await page.goto(program.link);
  await page.waitForFunction(() => document.querySelector('#token').value.length === 64);
  await page.fill('#new', password);
  await page.fill('#again', password);
  await page.click('button.wide');
  // Without an account, that is the first of the first steps.
  await page.waitForURL((url) => url.pathname === '/' || url.pathname.startsWith('/welcome'));
}

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** What axe finds on the page, one line for each element; with `rules`, by these only. */
export async function violations(page, rules = RULES) {
  if (!await page.evaluate(() => 'axe' in window)) await page.evaluate(axeSource);
  const found = await page.evaluate((rules) => window.axe.run(document, { runOnly: rules, resultTypes: ['violations'] }), rules);
  return found.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 120)} ${node.failureSummary.split('\n').slice(1).join(' ')}`));
}

/** Whether the page is wider than the window. */
export const overflows = (page) => page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);

/** Targets smaller than 44 px, but for links within text and lists of them, which WCAG exempts. */
export const smallTargets = (page) => page.evaluate(() => {
  const isShown = (element) => element.checkVisibility() && element.getBoundingClientRect().width > 1;
  const targets = [...document.querySelectorAll('button, .button, .tool, nav a, input:not([type="checkbox"], [type="radio"], [type="hidden"]), select, summary')];
  return targets.filter((element) => isShown(element) && !element.closest('.skip, .bubble'))
    .filter((element) => element.getBoundingClientRect().height < 43.5).map((element) => element.outerHTML.slice(0, 100));
});

/** What can be reached by the keyboard and does not show that it has been. */
export const withoutFocus = (page) => page.evaluate(() => {
  const all = [...document.querySelectorAll('a[href], button, input:not([type="hidden"]), select, textarea, summary, [tabindex="0"]')];
  const shown = (element) => { const style = getComputedStyle(element); return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1; };
  const dull = all.filter((element) => {
    if (element.disabled || !element.checkVisibility({ visibilityProperty: true })) return false;
    element.focus({ focusVisible: true, preventScroll: true });
    return document.activeElement === element && !shown(element) && !shown(element.closest('label') ?? element);
  });
  document.activeElement.blur();
  return dull.map((element) => element.outerHTML.slice(0, 120));
});
