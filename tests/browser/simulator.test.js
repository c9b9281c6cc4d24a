// A test follower's day: words, taps, the menu, events with their fields, encrypted and in the open, sent again; and what
// the owner sees of it among the followers.

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { enter, open, overflows, smallTargets, start, violations } from './support.js';

const PICTURES = process.env.SCREENSHOTS;
const MENU = `
[[button]]
name = "最新"
type = "click"
key = "最新"
[[button]]
name = "更多"
[[button.sub]]
name = "扫书"
type = "scancode_waitmsg"
key = "isbn"
[[button.sub]]
name = "主页"
type = "view"
url = "https://books.example.com/"
`;

let program, view;

before(async () => {
  program = await start();
  await writeFile(join(program.data, 'menu.toml'), MENU);
  view = await open();
  view.page.setDefaultTimeout(15_000);
  if (PICTURES) await mkdir(PICTURES, { recursive: true });
  await enter(view, program);
}, { timeout: 90_000 });

after(async () => {
  await view?.browser.close();
  assert.equal(await program?.stop(), 0, 'the program ends cleanly');
});

const visit = (path) => view.page.goto(program.admin + path);
const noFaults = () => assert.deepEqual(view.faults.splice(0), []);
const theirs = () => view.page.locator('.chat .theirs');

/** What a page must be, in both themes, wide and narrow. */
async function fits(name) {
  const { page } = view;
  for (const [width, theme] of [[1280, 'light'], [360, 'dark']]) {
    await page.setViewportSize({ width, height: 900 });
    await page.evaluate((theme) => { document.documentElement.dataset.theme = theme; }, theme);
    if (PICTURES) await page.screenshot({ path: `${PICTURES}/${name}-${width}-${theme}.png`, fullPage: true });
    assert.deepEqual(await violations(page), [], `${name} ${width} ${theme}`);
    assert.deepEqual(await smallTargets(page), [], `${name} ${width}`);
    assert.ok(!await overflows(page), `${name} ${width}`);
  }
  await page.setViewportSize({ width: 1280, height: 900 });
}

/** Does something that is answered, and gives the text of the new bubble. */
async function answered(act) {
  const before = await theirs().count();
  await act();
  await theirs().nth(before).waitFor();
  return theirs().last().textContent();
}

async function say(text) {
  await view.page.fill('#text', text);
  return answered(() => view.page.keyboard.press('Enter'));
}

test('words are answered, lines are tapped, and everything on the wire is shown', { timeout: 60_000 }, async () => {
  const { page } = view;
  await visit('/simulator');
  assert.match(await say('最新'), /1/);
  assert.match(await page.textContent('#wire-status'), /HTTP 200 · [\d.]+ 毫秒 · MsgId \d+/);
  assert.match(await page.textContent('#wire-size-text'), /回答 \d+ \/ 2048 字节/);
  assert.match(await page.textContent('#wire-message'), /<MsgType><!\[CDATA\[text\]\]><\/MsgType>/);
  assert.match(await page.textContent('#wire-pushed'), /<Encrypt>/, 'the account is in safe mode');
  assert.match(await page.textContent('#wire-answered'), /<MsgSignature>/);
  assert.match(await page.textContent('#wire-opened'), /<Content>/);
  const tap = theirs().last().locator('a[role="button"]').first();
  await answered(() => tap.click());
  assert.match(await page.textContent('#wire-message'), /<bizmsgmenuid>/);
  await fits('simulator');

  await page.click('#twice');
  await page.waitForSelector('#verdict.good:has-text("三次的回答一样")');
  noFaults();
});

test('the menu is tapped as on the phone', async () => {
  const { page } = view;
  await answered(() => page.click('#menu button:has-text("最新")'));
  assert.match(await page.textContent('#wire-message'), /<Event><!\[CDATA\[CLICK\]\]><\/Event>/);
  await page.click('#menu button:has-text("更多")');
  assert.equal(await page.getAttribute('#menu button:has-text("更多")', 'aria-expanded'), 'true');
  assert.deepEqual(await violations(page), []);
  await page.click('#sub button:has-text("主页")');
  await page.waitForSelector('.aside a[href="https://books.example.com/"]');
  await page.waitForFunction(() => document.querySelector('#wire-message').textContent.includes('VIEW'));
  assert.ok(await page.isHidden('#sub'));
  await page.click('#menu button:has-text("更多")');
  await page.click('#sub button:has-text("扫书")');
  assert.equal(await page.inputValue('#kind'), 'scancode_waitmsg');
  assert.equal(await page.inputValue('[name="EventKey"]'), 'isbn');
  await page.fill('[name="ScanCodeInfo/ScanResult"]', 'EAN_13,9787544270878');
  await answered(() => page.click('#send-other'));
  assert.match(await page.textContent('#wire-message'), /<ScanCodeInfo><ScanType>.*<ScanResult><!\[CDATA\[EAN_13,9787544270878\]\]>/);
  noFaults();
});

test('every kind of push can be sent, in the open and encrypted', { timeout: 90_000 }, async () => {
  const { page } = view;
  const kinds = await page.locator('#kind option').evaluateAll((options) => options.map((option) => option.value));
  assert.ok(kinds.length >= 39, kinds.join());
  await page.selectOption('#mode', 'compatible');
  for (const kind of kinds) {
    await page.selectOption('#kind', kind);
    await Promise.all([
      page.waitForResponse((response) => response.url().endsWith('/api/simulator/send') && response.status() === 200),
      page.click('#send-other'),
    ]);
    await page.waitForFunction((kind) => document.querySelector('#wire-message').textContent.includes(`CDATA[${kind}]`), kind);
    assert.match(await page.textContent('#wire-status'), /HTTP 200/, kind);
  }
  assert.match(await page.textContent('#wire-pushed'), /<FromUserName>.*<Encrypt>/, 'compatible: both');
  await page.selectOption('#mode', 'plain');
  assert.match(await answered(() => page.click('[data-do="image"]')), /HTTP 403/, 'safe mode refuses what is not encrypted');
  await page.selectOption('#mode', 'safe');
  noFaults();
});

test('followers take turns, and the chat outlives a reload', async () => {
  const { page } = view;
  // Of a long chat the last 80 lines are kept.
  const lines = Math.min(80, await page.locator('.chat .line').count());
  assert.ok(lines > 10);
  await page.click('#other');
  assert.equal(await page.locator('.chat .line').count(), 0);
  await say('帮助');
  await page.reload();
  await page.waitForFunction(() => document.querySelectorAll('.chat .theirs').length === 1);
  await page.selectOption('#follower', { index: 0 });
  await page.waitForFunction((lines) => document.querySelectorAll('.chat .line').length === lines, lines);
  // The last report was that the first one withdrew consent: they are met anew.
  await say('谢谢');
  noFaults();
});

test('the owner sees the followers, one of them, and forgets one', { timeout: 60_000 }, async () => {
  const { page } = view;
  await page.selectOption('#follower', { index: 1 });
  await say('求书 无人知晓的书');
  await page.waitForSelector('#follower-page:visible');
  await page.click('#follower-page');
  await page.waitForSelector('h1 .chip:has-text("测试")');
  assert.match(await page.textContent('#main'), /无人知晓的书/);
  await fits('follower');
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('a[download]')]);
  assert.match(download.suggestedFilename(), /^follower-[0-9a-f]{16}\.json$/);
  await page.click('button[value="block"]');
  await page.waitForSelector('#notice:has-text("已拉黑")');

  await page.keyboard.press('g');
  await page.keyboard.press('f');
  await page.waitForSelector('[data-follower]');
  assert.equal(await page.locator('[data-follower]').count(), 2);
  await fits('followers');
  await page.click('.filters a:has-text("已拉黑")');
  await page.waitForURL(/state=blocked/);
  assert.equal(await page.locator('[data-follower]').count(), 1);
  await page.click('[data-follower] a');
  await page.click('button[value="unblock"]');
  await page.waitForSelector('#notice:has-text("已解除")');
  await page.click('summary:has-text("遗忘")');
  await page.check('[name="sure"]');
  assert.deepEqual(await violations(page), []);
  await page.click('#forget button');
  await page.waitForURL(/\/followers$/);
  assert.equal(await page.locator('[data-follower]').count(), 1);
  noFaults();
});
