// The screens of books as their owner meets them: two hundred files with a bad one among them, lists by filter, one
// book edited, many at once; in both themes and widths.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { enter, open, overflows, smallTargets, start, violations } from './support.js';

const FILES = 200;
const PICTURES = process.env.SCREENSHOTS;
let program, view;

before(async () => {
  program = await start();
  view = await open();
  view.page.setDefaultTimeout(20_000);
  await enter(view, program);
  if (PICTURES) await mkdir(PICTURES, { recursive: true });
}, { timeout: 120_000 });

after(async () => {
  await view?.browser.close();
  assert.equal(await program?.stop(), 0, 'the program ends cleanly');
});

const visit = (path) => view.page.goto(program.admin + path);
const noFaults = () => assert.deepEqual(view.faults.splice(0), []);
const story = (title, n) => Buffer.from(`《${title}》\n作者：测试者${n % 7}\n\n第一章 开头\n\n${`第${n}本。书童把书送到读者手里。`.repeat(40)}\n`);

test('two hundred files arrive, each with its progress and outcome, also beside a bad one', { timeout: 240_000 }, async () => {
  const { page } = view;
  await visit('/books');
  // What of the bars is seen on the way.
  await page.evaluate(() => {
    window.seen = { bars: new Set(), most: 0 };
    new MutationObserver(() => {
      const bars = document.querySelectorAll('#uploads progress');
      window.seen.most = Math.max(window.seen.most, bars.length);
      for (const bar of bars) window.seen.bars.add(bar.getAttribute('aria-label'));
    }).observe(document.querySelector('#uploads'), { childList: true, subtree: true });
  });
  const files = Array.from({ length: FILES }, (_, n) => ({ name: `书${n}.txt`, mimeType: 'text/plain', buffer: story(`批量第${n}本`, n) }));
  files[50] = { name: '坏的.epub', mimeType: 'application/epub+zip', buffer: Buffer.from('PK\x03\x04 this is no book') };
  files[120] = { ...files[3], name: '同一本.txt' };
  await page.setInputFiles('#files', files);
  await page.waitForFunction((n) => document.querySelectorAll('#uploads li[data-outcome]').length === n, FILES, { timeout: 200_000 });
  const count = (outcome) => page.locator(`#uploads li[data-outcome="${outcome}"]`).count();
  assert.deepEqual([await count('new'), await count('known'), await count('error')], [FILES - 2, 1, 1]);
  const { bars, most } = await page.evaluate(() => ({ bars: window.seen.bars.size, most: window.seen.most }));
  assert.equal(bars, FILES, 'every file has had a bar of its own');
  assert.ok(most <= 2, `${most} at a time`);
  assert.match(await page.textContent('#summary'), /新书 198，并入 0，已有 1，失败 1，进行中 0/);
  const bad = page.locator('#uploads li[data-outcome="error"]');
  assert.match(await bad.textContent(), /坏的\.epub/);
  assert.ok((await bad.locator('.fault').textContent()).length > 5, 'with the reason');
  assert.match(await page.locator('#uploads li[data-outcome="known"] a').getAttribute('href'), /^\/books\/\d+$/);
  if (PICTURES) await page.screenshot({ path: `${PICTURES}/upload-many.png` });
  assert.deepEqual(await violations(page), []);

  await page.click('#retry-all');
  await page.waitForFunction(() => document.querySelectorAll('#uploads li[data-outcome="error"]').length === 1 && !document.querySelector('#uploads progress'));
  noFaults();
});

test('what a broken connection has kept back is tried again', async () => {
  const { page } = view;
  await visit('/books');
  let broken = 0;
  await page.route('**/api/upload', async (route) => { if (broken < 1) { broken += 1; await route.abort(); } else await route.continue(); });
  await page.setInputFiles('#files', [{ name: '断线.txt', mimeType: 'text/plain', buffer: story('断线的书', 1) }]);
  await page.waitForSelector('#uploads li[data-outcome="error"]');
  await page.click('#uploads li[data-outcome="error"] button');
  await page.waitForSelector('#uploads li[data-outcome="new"]');
  await page.unroute('**/api/upload');
  assert.ok(view.faults.splice(0).every((fault) => fault.includes('ERR_FAILED')), 'only the broken request is told of');
});

test('a catalogue is imported, and its bad rows are named', async () => {
  const { page } = view;
  await visit('/books');
  const table = Buffer.from('id\ttitle\tauthor\tpopularity\n1\t目录里的书\t某人\t5\n2\t\t某人\t5\n');
  await page.setInputFiles('#catalogue', { name: '书目.tsv', mimeType: 'text/tab-separated-values', buffer: table });
  await page.waitForSelector('#uploads li[data-outcome="catalogue"]');
  assert.match(await page.textContent('#uploads li'), /新增 1，更新 0，失败 1/);
  await page.selectOption('[name="lack"]', 'file');
  await page.waitForURL(/lack=file/);
  assert.match(await page.textContent('#books'), /目录里的书/);
  assert.doesNotMatch(page.url(), /format=|sort=/, 'what is not chosen is not in the address');
  noFaults();
});

test('ticked books go and come back; others get what they are given', async () => {
  const { page } = view;
  await visit('/books');
  await page.check('.book:nth-child(1) input[type="checkbox"]');
  await page.check('.book:nth-child(2) input[type="checkbox"]');
  assert.match(await page.textContent('#ticked'), /已选 2 本/);
  await page.click('#bulk summary');
  await page.click('#bulk [value="remove"]');
  await page.waitForFunction(() => document.querySelectorAll('.book[hidden]').length === 2);
  await page.locator('.toast button', { hasText: '撤销' }).click();
  await page.waitForFunction(() => document.querySelectorAll('.book[hidden]').length === 0);

  await page.check('.book:nth-child(3) input[type="checkbox"]');
  await page.selectOption('#bulk [name="field"]', 'series');
  await page.fill('#bulk [name="value"]', '我的丛书');
  await page.click('#bulk [value="set"]');
  await page.waitForSelector('dialog[open]');
  assert.deepEqual(await violations(page), []);
  await page.click('dialog[open] [value="yes"]');
  await page.waitForSelector('#notice');
  assert.match(await page.textContent('#notice'), /已修改 1 本书/);
  noFaults();
});

test('a book is edited, gets a cover, and is converted while one looks', async () => {
  const { page } = view;
  await visit('/books/1');
  await page.click('#edit summary');
  await page.fill('#e-title', '改过的书名');
  await page.fill('#e-authors', '作者甲\n作者乙');
  await page.fill('#e-language', '不是语言');
  await page.click('#edit .button');
  assert.match(await page.textContent('main'), /不是语言代码/);
  await page.goBack();
  if (!await page.evaluate(() => document.querySelector('#edit').open)) await page.click('#edit summary');
  await page.fill('#e-title', '改过的书名');
  await page.fill('#e-authors', '作者甲\n作者乙');
  await page.fill('#e-language', 'zh');
  await page.click('#edit .button');
  await page.waitForSelector('#notice');
  assert.equal(await page.textContent('h1'), '改过的书名');
  assert.match(await page.textContent('.authors'), /作者甲、作者乙/);

  const before = await page.getAttribute('img.cover', 'src');
  const picture = await page.screenshot({ clip: { x: 0, y: 0, width: 300, height: 400 } });
  await page.click('.picture summary');
  await page.setInputFiles('#cover-file', { name: 'c.png', mimeType: 'image/png', buffer: picture });
  await page.waitForFunction((src) => document.querySelector('img.cover').getAttribute('src') !== src, before);
  const format = await page.getAttribute('#made li[data-state="possible"]', 'data-format');
  await page.click(`#made li[data-format="${format}"] button`);
  await page.waitForSelector(`#made li[data-format="${format}"][data-state="made"]`);
  if (PICTURES) await page.screenshot({ path: `${PICTURES}/book.png`, fullPage: true });
  noFaults();
});

test('the screens hold in both languages, themes and widths', { timeout: 240_000 }, async () => {
  const { page, context } = view;
  for (const lang of ['zh', 'en']) {
    await context.addCookies([{ name: 'lang', value: lang, url: program.admin }]);
    for (const theme of ['light', 'dark']) {
      await context.addCookies([{ name: 'theme', value: theme, url: program.admin }]);
      for (const width of [1280, 360]) {
        await page.setViewportSize({ width, height: 900 });
        for (const path of ['/books', '/books?lack=cover&sort=title', '/books/1', '/books/removed', '/books/duplicates', '/books/requests']) {
          await visit(path);
          for (const summary of await page.locator('main summary').all()) await summary.click();
          const at = `${path} ${lang} ${theme} ${width}`;
          assert.deepEqual(await violations(page), [], at);
          assert.ok(!await overflows(page), `${at} is too wide`);
          assert.deepEqual(await smallTargets(page), [], at);
          if (PICTURES && lang === 'zh') await page.screenshot({ path: `${PICTURES}/${path.replace(/\W+/g, '-')}-${theme}-${width}.png` });
        }
      }
    }
  }
  noFaults();
});
