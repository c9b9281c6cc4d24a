// The whole first run in one go, on an empty folder: from the printed link to a book that a follower is answered with.
// The platform, a mail server and the line between them are simulated here.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createServer as createHttp } from 'node:http';
import { createServer as createTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { open, overflows, smallTargets, violations } from './support.js';

const BINARY = process.env.TEST_BINARY ?? new URL('../../target/debug/shutong', import.meta.url).pathname;
const PICTURES = process.env.SCREENSHOTS;
const SECRET = '0123456789abcdef0123456789abcdef';

const closers = [];
let view, program, platform, post;

const listening = (server) => new Promise((resolve) => { server.listen(0, '127.0.0.1', () => resolve(server.address().port)); });

/** The platform: at first this server's address is not in its whitelist. */
async function startPlatform() {
  const told = { isWhitelisted: false, asked: 0 };
  const server = createHttp((request, response) => {
    let body = '';
    request.on('data', (piece) => { body += piece; });
    request.on('end', () => {
      told.asked += 1;
      const { appid, secret } = JSON.parse(body || '{}');
      let answer = { errcode: 48001, errmsg: 'api unauthorized' };
      if (request.url === '/cgi-bin/stable_token') {
        answer = { access_token: '88_good-token-0123456789', expires_in: 7200 };
        if (!told.isWhitelisted) answer = { errcode: 40164, errmsg: 'invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 4-5-6' };
        if (appid !== 'wx0123456789abcdef') answer = { errcode: 40013, errmsg: 'invalid appid rid: 1-2-3' };
        if (secret !== SECRET) answer = { errcode: 40125, errmsg: 'invalid appsecret rid: 1-2-3' };
      }
      response.end(JSON.stringify(answer));
    });
  });
  told.base = `http://127.0.0.1:${await listening(server)}`;
  closers.push(() => { server.closeAllConnections(); server.close(); });
  return told;
}

/** A mail server that takes everything. */
async function startPost() {
  const letters = [];
  const server = createTcp((socket) => {
    let isLetter = false, rest = '', letter = '';
    socket.write('220 sink\r\n');
    socket.on('error', () => {});
    socket.on('data', (piece) => {
      rest += piece;
      for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 2);
        if (isLetter) {
          if (line !== '.') { letter += `${line}\n`; continue; }
          isLetter = false;
          letters.push(letter);
          socket.write('250 taken\r\n');
        } else if (line === 'DATA') {
          isLetter = true;
          letter = '';
          socket.write('354 go on\r\n');
        } else if (line === 'QUIT') {
          socket.end('221 bye\r\n');
        } else {
          socket.write('250 fine\r\n');
        }
      }
    });
  });
  const port = await listening(server);
  closers.push(() => server.close());
  return { port, letters };
}

async function startProgram() {
  const data = await mkdtemp(join(tmpdir(), 'shutong-first-'));
  const env = { ...process.env };
  for (const listener of ['PUBLIC', 'TOKEN', 'ADMIN']) env[`SHUTONG_LISTEN__${listener}`] = '127.0.0.1:0';
  const child = spawn(BINARY, ['serve', '--data', data], { stdio: ['ignore', 'pipe', 'inherit'], env });
  const printed = { text: '' };
  const link = await new Promise((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error(`no setup link within 60 s:\n${printed.text}`)), 60_000);
    child.once('exit', (code) => reject(new Error(`the program ended with ${code}:\n${printed.text}`)));
    child.stdout.on('data', (text) => {
      printed.text += text;
      const found = printed.text.match(/http:\/\/\S+\/setup#\w+/);
      if (found) { clearTimeout(limit); resolve(found[0]); }
    });
  });
  const stop = async () => {
    const ended = new Promise((resolve) => { child.removeAllListeners('exit'); child.once('exit', resolve); });
    child.kill('SIGTERM');
    const code = await ended;
    await rm(data, { recursive: true, force: true });
    return code;
  };
  return { link, admin: new URL(link).origin, public: printed.text.match(/public=(\S+)/)[1], data, child, printed, stop };
}

before(async () => {
  [platform, post, program] = await Promise.all([startPlatform(), startPost(), startProgram()]);
  view = await open();
  view.page.setDefaultTimeout(20_000);
  // A colour that is still on its way to the other theme is none to be judged.
  await view.page.emulateMedia({ reducedMotion: 'reduce' });
  if (PICTURES) await mkdir(PICTURES, { recursive: true });
}, { timeout: 120_000 });

after(async () => {
  await view?.browser.close();
  const code = await program?.stop();
  for (const close of closers) close();
  assert.equal(code, 0, 'the program ends cleanly');
});

/** While it starts again nobody listens; that the page asks in vain then is no fault. */
const noFaults = () => assert.deepEqual(view.faults.splice(0).filter((fault) => !/ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE)/.test(fault)), []);

async function isSound(name) {
  const { page } = view;
  for (const [width, theme] of [[1280, 'light'], [360, 'dark']]) {
    await page.setViewportSize({ width, height: 900 });
    await page.evaluate((value) => { document.documentElement.dataset.theme = value; }, theme);
    assert.deepEqual(await violations(page), [], `${name} at ${width}`);
    assert.equal(await overflows(page), false, `${name} at ${width} is too wide`);
    assert.deepEqual(await smallTargets(page), [], `${name} at ${width}`);
    if (PICTURES) await page.screenshot({ path: `${PICTURES}/${name}-${width}.png`, fullPage: true });
  }
  await page.setViewportSize({ width: 1280, height: 900 });
}

const sha1 = (...parts) => createHash('sha1').update(parts.sort().join('')).digest('hex');

test('from the link to a book', { timeout: 240_000 }, async () => {
  const { page } = view;
  const press = (what) => page.click(`form.step button[value="${what}"], form button[name="do"][value="${what}"]`);

  // The password.
  await page.goto(program.link);
  await page.waitForFunction(() => document.querySelector('#token').value.length === 64);
  await page.fill('#new', 'correct horse battery');
  await page.fill('#again', 'correct horse battery');
  await page.click('button.wide');
  await page.waitForURL(`${program.admin}/welcome/account`);
  assert.ok(await page.isVisible('.side a[href="/welcome"]'), 'the first steps are in the navigation');
  await isSound('first-account');

  // The account: a wrong secret, an address that is not whitelisted, then all is well.
  const fill = (key, text) => page.fill(`[id="f-${key}"]`, text);
  await fill('app_id', 'wx0123456789abcdef');
  await fill('app_secret', `${SECRET.slice(1)}0`);
  await page.click('form.step summary');
  await fill('api_base', platform.base);
  await press('save');
  await page.waitForSelector('#token-trouble');
  assert.match(await page.textContent('#token-trouble'), /AppSecret/);
  assert.equal((await stat(join(program.data, 'shutong.toml'))).mode & 0o777, 0o600);
  const pid = program.child.pid;

  await fill('app_secret', SECRET);
  await press('save');
  await page.waitForFunction(() => /203\.0\.113\.7/.test(document.querySelector('#token-trouble')?.textContent ?? ''));
  await isSound('first-trouble');
  platform.isWhitelisted = true;
  await press('test');
  await page.waitForFunction(() => !document.querySelector('#token-trouble'));
  assert.ok(await page.isVisible('[aria-labelledby="title-token"] .chip.good'));
  assert.equal(program.child.pid, pid);
  assert.equal(program.child.exitCode, null, 'it is still the same process');

  // What the console needs, and the platform's verification.
  assert.ok(!(await page.content()).includes(SECRET), 'the AppSecret never comes back');
  await press('show');
  const value = (key) => page.textContent(`[data-value="account.${key}"]`);
  const [url, token, key] = [await value('callback'), await value('callback_token'), await value('callback_key')];
  assert.equal(url, `${program.public}/wechat/main`);
  assert.match(token, /^\w{32}$/);
  assert.match(key, /^\w{43}$/);
  assert.ok(await page.isVisible('[data-when="false"]') && !await page.isVisible('[data-when="true"]'));
  await isSound('first-console');
  const [timestamp, nonce] = [String(Math.floor(Date.now() / 1000)), '314159'];
  const query = (signature) => new URLSearchParams({ signature, timestamp, nonce, echostr: '27182818' });
  assert.equal((await fetch(`${url}?${query('0'.repeat(40))}`)).status, 403);
  assert.equal(await (await fetch(`${url}?${query(sha1(token, timestamp, nonce))}`)).text(), '27182818');
  await page.waitForSelector('[data-when="true"]', { state: 'visible' });
  await press('next');

  // Mail, with a letter.
  await page.waitForURL(`${program.admin}/welcome/mail`);
  await fill('mail.from', 'books@example.com');
  await fill('mail.host', '127.0.0.1');
  await fill('mail.port', '1');
  await page.selectOption('[id="f-mail.tls"]', 'none');
  await page.fill('#to', 'owner@example.com');
  await press('save');
  assert.match(await page.textContent('.note.bad'), /没有发出去/);
  await isSound('first-mail');
  await fill('mail.port', String(post.port));
  await page.fill('#to', 'owner@example.com');
  await press('save');
  assert.match(await page.textContent('.note.good'), /owner@example\.com/);
  assert.equal(post.letters.length, 1);
  await press('next');

  // The public address: nobody there, then this program without TLS.
  await page.waitForURL(`${program.admin}/welcome/address`);
  await fill('public_url', 'http://127.0.0.1:1');
  await press('save');
  assert.match(await page.textContent('.note.bad'), /没有人在听/);
  await fill('public_url', 'books.example.com');
  await press('save');
  assert.match(await page.textContent('.note.bad'), /public_url/);
  await fill('public_url', program.public);
  await press('save');
  assert.match(await page.textContent('.note.good'), /不是 https/);
  await isSound('first-address');
  await press('next');

  // Books, and the end.
  await page.waitForURL(`${program.admin}/welcome/books`);
  await press('starter');
  assert.match(await page.textContent('.note.good'), /7/);
  await isSound('first-books');
  await press('finish');
  await page.waitForURL(`${program.admin}/`);
  assert.equal(await page.isVisible('.side a[href="/welcome"]'), false, 'the first steps are over');
  const file = await readFile(join(program.data, 'shutong.toml'), 'utf8');
  for (const part of ['public_url', '[[account]]', '[mail]']) assert.ok(file.includes(part), file);

  // A follower asks, through the real callback.
  await page.goto(`${program.admin}/simulator`);
  for (let tries = 0; tries < 40 && !/红楼梦/.test(await page.textContent('#chat')); tries += 1) {
    await page.fill('#text', '红楼');
    await page.press('#text', 'Enter');
    await page.waitForTimeout(1000);
  }
  assert.match(await page.textContent('#chat'), /红楼梦/);
  noFaults();
});

test('settings are changed, refused and taken over by a restart', { timeout: 120_000 }, async () => {
  const { page } = view;
  await page.goto(`${program.admin}/settings`);
  assert.ok(!(await page.content()).includes(SECRET));
  for (const summary of await page.locator('.group summary').all()) await summary.click();
  await isSound('settings');
  await page.goto(`${program.admin}/settings?at=limits`);
  await page.fill('[id="f-limits.upload_megabytes"]', '100');
  await page.click('#limits form button');
  await page.waitForSelector('.restart.waits');
  assert.match(await page.textContent('.restart'), /上传/);
  await page.goto(`${program.admin}/settings?at=general`);
  await page.fill('[id="f-public_url"]', 'nonsense');
  await page.click('#general form button');
  assert.match(await page.textContent('#general .fault'), /public_url/);
  assert.equal(await page.inputValue('[id="f-public_url"]'), 'nonsense', 'what was typed stays');
  await page.click('.restart button');
  await page.waitForURL(`${program.admin}/settings`);
  await page.waitForSelector('.restart:not(.waits)');

  // An account comes and goes.
  await page.goto(`${program.admin}/settings/new-account`);
  await isSound('account');
  await page.fill('#f-name', 'second');
  await page.fill('#f-app_id', 'wx0123456789abcde0');
  await page.click('main form.card .button:not(.plain)');
  await page.waitForURL(/accounts\/second/);
  await page.fill('#confirm', 'second');
  await page.click('.button.danger');
  await page.waitForURL(`${program.admin}/settings`);
  noFaults();
});
