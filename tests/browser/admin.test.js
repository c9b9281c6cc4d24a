// The admin page as its owner meets it: from the printed link to a conversation about an uploaded book.

import assert from 'node:assert/strict';
import { mkdir, stat } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { GOOD_TOKEN, open, start, violations } from './support.js';

const PASSWORD = 'correct horse battery';
const PICTURES = process.env.SCREENSHOTS;
const BOOK = Buffer.from(`《管理页试读》\n作者：测试者\n\n第一章 开头\n\n${'书童把书送到读者手里。'.repeat(2000)}\n\n第二章 结尾\n\n完。\n`);

let program, view;

before(async () => {
  program = await start();
  view = await open();
  view.page.setDefaultTimeout(15_000);
  if (PICTURES) await mkdir(PICTURES, { recursive: true });
}, { timeout: 90_000 });

after(async () => {
  await view?.browser.close();
  assert.equal(await program?.stop(), 0, 'the program ends cleanly');
});

/** Opens a page of the running program. */
const visit = (path) => view.page.goto(program.admin + path);
const noFaults = () => assert.deepEqual(view.faults.splice(0), []);

test('without a session there is only the login form', async () => {
  for (const path of ['/', '/books', '/settings']) {
    const answer = await visit(path);
    assert.equal(answer.status(), 401, path);
    assert.ok(await view.page.isVisible('#password'), path);
  }
  noFaults();
});

test('the setup link sets the password, once', async () => {
  const { page } = view;
  await page.goto(program.link);
  await page.waitForFunction(() => document.querySelector('#token').value.length === 64);
  if (PICTURES) await page.screenshot({ path: `${PICTURES}/setup.png` });
  assert.equal(new URL(page.url()).hash, '', 'the token leaves the address');
  assert.deepEqual(await violations(page), []);
  const token = await page.inputValue('#token');

  await page.fill('#new', PASSWORD);
  await page.fill('#again', 'something else entirely');
  await page.click('button.wide');
  assert.match(await page.textContent('#fault'), /不一样/);

  await page.fill('#new', PASSWORD);
  await page.fill('#again', PASSWORD);
  await page.click('button.wide');
  await page.waitForURL(`${program.admin}/`);
  assert.match(await page.title(), /概览/);

  const form = { token, new: PASSWORD, again: PASSWORD };
  const again = await view.context.request.post(`${program.admin}/setup`, { form });
  assert.equal((await view.context.request.get(`${program.admin}/setup`)).status(), 404);
  assert.ok([403, 410].includes(again.status()), `the second use gives ${again.status()}`);
  noFaults();
});

test('the login takes the password only', async () => {
  const { page } = view;
  await page.click('.tools form button');
  await page.waitForSelector('#password');
  await page.fill('#password', 'not the password');
  await page.click('button.wide');
  assert.match(await page.textContent('#fault'), /密码不对/);
  if (PICTURES) await page.screenshot({ path: `${PICTURES}/login.png` });
  await page.fill('#password', PASSWORD);
  await page.click('button.wide');
  await page.waitForURL(`${program.admin}/`);
  noFaults();
});

test('a book is uploaded, found, removed and brought back', async () => {
  const { page } = view;
  await visit('/books');
  const files = [
    { name: '管理页试读.txt', mimeType: 'text/plain', buffer: BOOK },
    { name: '空的.txt', mimeType: 'text/plain', buffer: Buffer.alloc(0) },
  ];
  await page.setInputFiles('#files', files);
  await page.waitForSelector('#uploads li[data-outcome="new"]');
  await page.waitForSelector('#uploads li[data-outcome="error"]');
  await page.setInputFiles('#files', files[0]);
  await page.waitForSelector('#uploads li[data-outcome="known"]');

  if (PICTURES) await page.screenshot({ path: `${PICTURES}/upload.png` });
  const title = await page.textContent('#uploads li[data-outcome="new"] a');
  assert.match(title, /管理页试读/);
  await page.keyboard.press('Escape');
  await page.locator('h1').click();
  await page.keyboard.press('/');
  await page.keyboard.type('管理页试读');
  await page.keyboard.press('Enter');
  await page.waitForURL(/q=/);
  for (let tries = 0; tries < 20 && await page.locator('.book').count() === 0; tries += 1) {
    await page.waitForTimeout(250);
    await page.reload();
  }
  const row = page.locator('.book').first();
  assert.match(await row.textContent(), /管理页试读/);

  await row.locator('form[data-remove] button').click();
  await page.waitForSelector('.toast');
  if (PICTURES) await page.screenshot({ path: `${PICTURES}/toast.png` });
  assert.ok(await row.isHidden());
  await page.locator('.toast button', { hasText: '撤销' }).click();
  await row.waitFor({ state: 'visible' });
  await row.locator('a.title').click();
  await page.waitForSelector('.detail');
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('a[download]')]);
  assert.equal((await stat(await download.path())).size, BOOK.length, 'the file comes back as it was');
  noFaults();
});

test('the chat finds the book and shows its card', async () => {
  const { page } = view;
  await visit('/simulator');
  const say = async (text) => {
    const heard = await page.locator('.theirs').count();
    await page.fill('#text', text);
    await page.keyboard.press('Enter');
    await page.locator('.theirs').nth(heard).waitFor();
    return page.locator('.theirs').last().textContent();
  };
  assert.match(await say('帮助'), /书名/);
  const found = await say('管理页试读');
  assert.match(found, /管理页试读/);
  if (PICTURES) await page.screenshot({ path: `${PICTURES}/chat.png` });
  assert.match(await page.textContent('#wire-message'), /<Content>/);
  assert.match(await page.textContent('#wire-opened'), /<MsgType>/);

  const before = await page.textContent('#wire-opened');
  const count = await page.locator('.theirs').count();
  await page.click('#again');
  await page.locator('.theirs').nth(count).waitFor();
  const content = (xml) => xml.match(/<Content>.*<\/Content>/s)[0];
  assert.equal(content(await page.textContent('#wire-opened')), content(before), 'the same message, the same answer');

  await say('最新');
  const tap = page.locator('.theirs').last().locator('a[role="button"]').first();
  const heard = await page.locator('.theirs').count();
  await tap.click();
  await page.locator('.theirs').nth(heard).waitFor();
  for (const event of ['subscribe', 'image']) {
    const before = await page.locator('.theirs').count();
    await page.click(`[data-do="${event}"]`);
    await page.locator('.theirs').nth(before).waitFor();
  }
  assert.equal(await page.locator('.failed').count(), 0);
  noFaults();
});

test('a wording is changed, checked, and heard at once', async () => {
  const { page } = view;
  await visit('/wordings');
  await page.fill('#filter', 'help');
  const field = page.locator('[data-wording="help"] textarea');
  const original = await field.inputValue();
  await field.fill(`{no_such_place} ${original}`);
  await page.click('#save');
  await page.waitForSelector('[data-wording="help"] .fault:not([hidden])');
  await field.fill(`今日暗号。\n${original}`);
  await page.click('#save');
  await page.waitForSelector('.toast:not(.bad)');
  await page.waitForFunction(() => document.querySelector('#save').disabled);
  await visit('/simulator');
  await page.fill('#text', '帮助');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.theirs:has-text("今日暗号")');
  view.faults.splice(0, view.faults.length, ...view.faults.filter((fault) => !/422/.test(fault)));
  noFaults();
});

test('a token is set by hand, counts down, and other servers get it with a key', { timeout: 60_000 }, async () => {
  const { page } = view;
  await visit('/token');
  await page.waitForSelector('.alerts[role="alert"]:has-text("203.0.113.7")');
  const account = page.locator('#account-books');
  const clock = account.locator('[data-left]');
  const set = async (token) => {
    if (!await account.locator('#set-token-books').isVisible()) await account.locator('summary').click();
    await account.locator('#set-token-books').fill(token);
    await account.locator('form[action$="/set"] button').click();
    await page.waitForLoadState('load');
  };
  await set('a-token-that-is-refused');
  assert.match(await page.textContent('#set-fault-books'), /没有采用.*errcode 40001/s);
  assert.equal(await clock.textContent(), '没有令牌');
  if (PICTURES) await page.screenshot({ path: `${PICTURES}/token-refused.png`, fullPage: true });
  assert.deepEqual(await violations(page), []);

  await set(GOOD_TOKEN);
  assert.match(await page.textContent('#notice'), /平台认可/);
  const first = await clock.textContent();
  assert.match(first, /^1:59:\d\d$/);
  await page.waitForFunction((before) => document.querySelector('#account-books [data-left]').textContent < before, first);
  assert.ok(!(await page.content()).includes(GOOD_TOKEN), 'the value is not in the page');
  await account.locator('form[data-show] button').click();
  await page.waitForSelector('#token-of-books:visible');
  assert.equal(await page.inputValue('#token-of-books'), GOOD_TOKEN);
  if (PICTURES) await page.screenshot({ path: `${PICTURES}/token-shown.png`, fullPage: true });
  await account.locator('form[data-show] button').click();
  assert.equal(await page.inputValue('#token-of-books'), '', 'and goes again');

  await account.locator('[popovertarget="refresh-books"]').first().click();
  await page.waitForSelector('#refresh-books:popover-open');
  if (PICTURES) await page.screenshot({ path: `${PICTURES}/token-confirm.png` });
  assert.deepEqual(await violations(page), []);
  await page.keyboard.press('Escape');
  assert.ok(await page.isHidden('#refresh-books'), 'nothing is done without a yes');
  await account.locator('[popovertarget="refresh-books"]').first().click();
  await page.click('#refresh-books button.danger');
  await account.locator('.note.bad:has-text("40164")').waitFor();
  assert.match(await clock.textContent(), /^1:59:\d\d$/, 'the token there was stays');

  await visit('/token');
  await page.locator('#keys-of-api summary').click();
  await page.fill('#key-name', '客户系统 <crm>');
  await page.selectOption('#key-account', 'books');
  await page.click('#add-key button.button');
  const key = await page.inputValue('#new-key');
  assert.match(key, /^bk_[0-9a-f]{10}_[0-9a-f]{64}$/);
  if (PICTURES) await page.screenshot({ path: `${PICTURES}/token-key.png`, fullPage: true });
  assert.deepEqual(await violations(page), []);
  await view.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.locator('[data-from="new-key"]').click();
  await page.waitForSelector('.toast:has-text("已复制")');
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), key);
  const line = (await page.inputValue('#new-key-try')).match(/^curl -H '(Authorization): (Bearer \S+)' (\S+)$/);
  const fetched = async () => fetch(line[3], { headers: { [line[1]]: line[2] } });
  assert.equal((await (await fetched()).json()).access_token, GOOD_TOKEN, 'the line that is shown works');
  await page.reload();
  assert.ok(!(await page.content()).includes(key), 'it is seen once');

  const row = page.locator('[data-api-key]');
  assert.match(await row.textContent(), /客户系统 <crm>.*token:read.*books/s);
  await row.locator('button').click();
  await page.locator('dialog:popover-open button.danger').click();
  await page.waitForSelector('#notice:has-text("已吊销")');
  assert.equal(await page.locator('[data-api-key]').count(), 0);
  assert.equal((await fetched()).status, 401, 'and refused at once');
  noFaults();
});

test('the token page needs no script', async () => {
  const { context } = view;
  const plain = await view.browser.newContext({ javaScriptEnabled: false, viewport: { width: 1280, height: 900 } });
  await plain.addCookies(await context.cookies());
  const page = await plain.newPage();
  await page.goto(`${program.admin}/token`);
  assert.match(await page.textContent('#account-books [data-left]'), /^1:59:\d\d$/);
  await page.locator('#account-books form[data-show] button').click();
  assert.equal(await page.inputValue('#token-of-books'), GOOD_TOKEN);
  await page.locator('[popovertarget="refresh-books"]').first().click();
  await page.click('#refresh-books button.danger');
  // A second try within 30 seconds does not reach the platform.
  await page.waitForSelector('#notice:has-text("30 秒"), #account-books .note.bad:has-text("40164")');
  await plain.close();
});

test('the overview is live and light', async () => {
  const { page, context } = view;
  const wire = await context.newCDPSession(page);
  const asked = new Map(), arrived = new Map();
  wire.on('Network.requestWillBeSent', ({ requestId, request }) => asked.set(requestId, new URL(request.url)));
  wire.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => arrived.set(requestId, encodedDataLength));
  await wire.send('Network.enable');
  await wire.send('Network.setCacheDisabled', { cacheDisabled: true });
  await visit('/');
  await page.waitForSelector('#live[data-state="on"]');
  await page.waitForFunction(() => /B$/.test(document.querySelector('[data-disk="files"]').textContent));
  await page.waitForTimeout(500);
  await wire.detach();
  // All that is fetched, but for the stream of events, which never ends. Icons are in the style sheet.
  const own = [...asked].filter(([, { protocol, pathname }]) => protocol === 'http:' && pathname !== '/events');
  const bytes = own.reduce((sum, [id]) => sum + (arrived.get(id) ?? Infinity), 0);
  assert.ok(own.length <= 6, `${own.length} requests: ${own.map(([, { pathname }]) => pathname).join(' ')}`);
  assert.ok(bytes <= 60_000, `${bytes} bytes over the wire`);
  const downloads = await page.textContent('[data-count="shelf"]');
  assert.ok(Number(downloads) >= 1);
  noFaults();
});

test('logged out everywhere, the cookie is worth nothing', async () => {
  const { page, context } = view;
  const [cookie] = (await context.cookies()).filter(({ name }) => name === 'shutong_admin');
  assert.ok(cookie.httpOnly && cookie.sameSite === 'Strict');
  await visit('/settings');
  await page.locator('form[action="/sessions/end-all"] button').click();
  await page.waitForSelector('#password');
  const answer = await context.request.get(`${program.admin}/api/counts`, { headers: { cookie: `shutong_admin=${cookie.value}` } });
  assert.equal(answer.status(), 401);
});
