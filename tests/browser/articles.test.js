// An article from the first word to its public page, with pictures dropped and pasted; and the pictures for replies.

import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { enter, open, overflows, smallTargets, start, violations } from './support.js';

const PICTURES = process.env.SCREENSHOTS;
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

let program, view;

before(async () => {
  program = await start();
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

/** What a page must be, wherever the journey passes. */
async function fits(name) {
  const { page } = view;
  if (PICTURES) await page.screenshot({ path: `${PICTURES}/${name}.png`, fullPage: true });
  assert.deepEqual(await violations(page), [], name);
  assert.deepEqual(await smallTargets(page), [], name);
  assert.ok(!await overflows(page), name);
}

/** Gives the page a file as the clipboard or the mouse does. */
const give = (selector, kind, name) => view.page.evaluate(({ selector, kind, name, png }) => {
  const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], name, { type: 'image/png' }));
  const how = { bubbles: true, cancelable: true };
  const event = kind === 'paste' ? new ClipboardEvent('paste', { ...how, clipboardData: data }) : new DragEvent('drop', { ...how, dataTransfer: data });
  document.querySelector(selector).dispatchEvent(event);
}, { selector, kind, name, png: PNG });

const width = (page, selector) => page.waitForFunction((selector) => document.querySelector(selector)?.naturalWidth > 0, selector);

test('an article is written, given pictures, looked at, and read in public', { timeout: 90_000 }, async () => {
  const { page } = view;
  await visit('/articles');
  await page.click('a[href="/articles/new"]');
  await page.fill('#name', '冬天的书单');
  await page.fill('#text', '+++\ntitle = "冬天的书单"\ntags = ["C++"]\ndraft = true\n+++\n\n围炉夜读。\n');
  await fits('article-new');
  await page.click('form button:has-text("保存")');
  await page.waitForSelector('article.prose:has-text("围炉夜读")');

  await page.click('a[href$="/edit"]');
  await page.locator('#text').focus();
  await page.keyboard.press('Control+End');
  await give('#text', 'paste', 'image.png');
  await page.waitForFunction(() => document.querySelector('#text').value.includes('![]('));
  await give('#text', 'drop', '下雪 (1)?.png');
  await page.waitForFunction(() => document.querySelector('#text').value.split('![](').length === 3);
  assert.equal(await page.locator('#uploads li[data-outcome="new"]').count(), 2);
  await fits('article-edit');
  await page.keyboard.press('Control+s');
  await page.waitForSelector('article.prose');
  assert.equal(await page.locator('article.prose img').count(), 2);
  await width(page, 'article.prose img:first-of-type');

  await give('#drop', 'drop', 'beside.png');
  await page.waitForSelector('code:has-text("beside.png")');
  await fits('article');

  assert.equal(await page.locator('a[target="_blank"]').count(), 0, 'it is a draft');
  await page.click('form[action$="/publish"] button');
  const link = page.locator('#main a[target="_blank"]').first();
  await link.waitFor();
  const address = await link.getAttribute('href');
  const reader = await view.context.newPage();
  const answer = await reader.goto(address);
  assert.equal(answer.status(), 200, address);
  assert.match(await reader.textContent('main, body'), /围炉夜读/);
  await width(reader, 'img');
  const listed = await reader.goto(new URL('/a/?tag=C%2B%2B', address).href);
  assert.equal(listed.status(), 200);
  assert.match(await reader.textContent('body'), /冬天的书单/);
  await reader.close();
  noFaults();
});

test('a picture for replies is uploaded, listed, renewed and taken out', { timeout: 60_000 }, async () => {
  const { page } = view;
  await visit('/media');
  await page.setInputFiles('#files', [
    { name: '书签.png', mimeType: 'image/png', buffer: Buffer.from(PNG, 'base64') },
    { name: '不是图.txt', mimeType: 'text/plain', buffer: Buffer.from('text') },
  ]);
  await page.waitForSelector('#uploads li[data-outcome="new"]');
  await page.waitForSelector('#uploads li[data-outcome="error"] .fault:has-text("不是平台能收的文件")');
  await fits('media-upload');
  await visit('/media');
  await page.waitForSelector('[data-file="书签.png"]');
  await width(page, '[data-file="书签.png"] img');
  assert.deepEqual(await readFile(join(program.data, 'pictures', '书签.png')), Buffer.from(PNG, 'base64'));
  await fits('media');
  await give('#drop', 'drop', '第二张.png');
  await page.waitForSelector('[data-file="第二张.png"]');
  await page.locator('[data-file="书签.png"] form[action="/media/renew"] button').click();
  await page.waitForSelector('#notice:has-text("书签.png")');
  await page.locator('[data-file="书签.png"] form[action="/media/remove"] button').click();
  await page.waitForSelector('#notice:has-text("移除了")');
  assert.equal(await page.locator('[data-file="书签.png"]').count(), 0);
  noFaults();
});

test('a keyword is tried, saved, and heard in the chat', async () => {
  const { page } = view;
  await visit('/keywords');
  await page.fill('#text', '[[reply]]\nwords = ["加群"]\n');
  await page.click('button[value="save"]');
  await page.waitForSelector('#fault:has-text("exactly one of")');
  await fits('keywords-wrong');
  await page.fill('#text', '[[reply]]\nwords = ["加群"]\ntext = "口令是书童"\n');
  await page.fill('#tried', '加群！');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#hit:has-text("口令是书童")');
  await fits('keywords');
  await page.click('button[value="save"]');
  await page.waitForSelector('#notice');
  await visit('/simulator');
  await page.fill('#text', '加群');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.theirs:has-text("口令是书童")');
  view.faults.splice(0, view.faults.length, ...view.faults.filter((fault) => !/422/.test(fault)));
  noFaults();
});
