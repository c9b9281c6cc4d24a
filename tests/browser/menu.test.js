// The menu: built with the mouse and with the keyboard alone, its limits shown where they are broken, compared with the
// platform's, published there, fetched back. And articles with a preview, a draft that survives, and a schedule.

import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { enter, open, overflows, smallTargets, start, violations } from './support.js';

const PICTURES = process.env.SCREENSHOTS;

/** What the platform has been given, and gives. */
const platform = { menu: null, pushed: 0 };
const answers = {
  '/cgi-bin/stable_token': () => ({ access_token: '88_a-token-of-the-test-0123456789', expires_in: 7200 }),
  '/cgi-bin/menu/get': () => (platform.menu ? { menu: platform.menu } : { errcode: 46003, errmsg: 'menu no exist' }),
  '/cgi-bin/menu/create': (body) => { platform.menu = JSON.parse(body); platform.pushed += 1; return { errcode: 0, errmsg: 'ok' }; },
};

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

let program, view;

before(async () => {
  program = await start({ answers });
  view = await open();
  view.page.setDefaultTimeout(15_000);
  // What is not saved is asked about when the page is left.
  view.page.on('dialog', (dialog) => dialog.accept());
  if (PICTURES) await mkdir(PICTURES, { recursive: true });
  await enter(view, program);
}, { timeout: 90_000 });

after(async () => {
  await view?.browser.close();
  assert.equal(await program?.stop(), 0, 'the program ends cleanly');
});

const visit = (path) => view.page.goto(program.admin + path);
const noFaults = () => assert.deepEqual(view.faults.splice(0), []);
const cell = (path) => view.page.locator(`[data-path="${path}"]`);
const names = () => view.page.locator('.column').evaluateAll((columns) => columns.map((column) => [...column.querySelectorAll('.cell-name')].map((one) => one.textContent)));
const focused = () => view.page.evaluate(() => document.activeElement.dataset.path ?? document.activeElement.id);

/** What a page must be, light and dark, wide and narrow. */
async function fits(name) {
  const { page } = view;
  for (const [theme, width] of [['light', 1280], ['dark', 360]]) {
    await page.emulateMedia({ colorScheme: theme });
    await page.setViewportSize({ width, height: 900 });
    if (PICTURES) await page.screenshot({ path: `${PICTURES}/${name}-${width}.png`, fullPage: true });
    assert.deepEqual(await violations(page), [], `${name} ${width}`);
    assert.deepEqual(await smallTargets(page), [], `${name} ${width}`);
    assert.ok(!await overflows(page), `${name} ${width}`);
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 1280, height: 900 });
}

test('a menu is built with the mouse, judged, compared, published and fetched back', { timeout: 120_000 }, async () => {
  const { page } = view;
  await visit('/menu');
  await page.waitForSelector('.cell.top');
  assert.deepEqual(await names(), [['最新上架', '大家爱读', '随便看看', '扫 ISBN 找书', '找书'], ['下载与求书', '我的订阅', '推送状态', '收书的邮箱', '我的'], ['帮助']]);
  await fits('menu');

  await cell('0,4').click();
  assert.equal(await focused(), 'b-name');
  await page.keyboard.type('到官网看看');
  await page.selectOption('#b-type', 'view');
  await page.fill('#b-url', 'books.example.com');
  await page.waitForSelector('#c-url.fault:has-text("https:")');
  assert.equal(await cell('0,4').evaluate((one) => one.classList.contains('wrong')), true);
  await page.fill('#b-url', 'https://books.example.com/');
  assert.equal(await page.locator('.cell.wrong').count(), 0);
  assert.equal(await page.locator('#preview li:has-text("到官网看看")').count(), 1, 'the preview opens its buttons');
  assert.equal(await cell('0,5').count(), 0, 'five are all');

  await cell('2').click();
  await page.fill('#b-name', '六个汉字太长');
  assert.match(await page.textContent('#c-name'), /18 \/ 16/);
  await page.click('button[value="save"]');
  await page.waitForSelector('#outcome .bad:has-text("18 bytes")');
  await fits('menu-wrong');
  await page.fill('#b-name', '帮助');
  await page.click('#undo');
  assert.equal(await page.inputValue('#b-name'), '六个汉字太长');
  await page.click('#redo');
  assert.equal(await page.inputValue('#b-name'), '帮助');

  await cell('0,4').dragTo(cell('0,0'));
  assert.equal((await names())[0][0], '到官网看看');
  await cell('0,0').dragTo(cell('1,4'));
  assert.equal((await names())[1][4], '到官网看看', 'dropped on the cell that adds it is the last');

  await page.click('button[value="diff"]');
  await page.waitForSelector('#outcome .plus:has-text("到官网看看")');
  assert.equal(platform.pushed, 0);
  await page.click('button[value="push"]');
  await page.waitForSelector('#outcome .good:has-text("已发布")');
  assert.equal(platform.menu.button[1].sub_button[4].url, 'https://books.example.com/');
  const file = await readFile(join(program.data, 'menu.toml'), 'utf8');
  assert.ok(file.startsWith('# 公众号底部的菜单') && file.includes('到官网看看'), 'the comments of the file stay');
  await page.click('button[value="diff"]');
  await page.waitForSelector('#outcome .good:has-text("平台上就是这份菜单")');

  platform.menu.button[2].name = '求助';
  await page.click('button[value="pull"]');
  await page.waitForSelector('[data-path="2"]:has-text("求助")');
  await page.click('#undo');
  assert.equal((await names())[2][0], '帮助', 'what was fetched can be taken back');
  view.faults.splice(0, view.faults.length, ...view.faults.filter((fault) => !/422/.test(fault)));
  noFaults();
});

test('the menu is changed with the keyboard alone', { timeout: 60_000 }, async () => {
  const { page } = view;
  await visit('/menu');
  await page.waitForSelector('.cell.top');
  await cell('2').focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Alt+ArrowLeft');
  assert.deepEqual((await names()).map((column) => column.at(-1)), ['找书', '帮助', '我的']);
  assert.equal(await focused(), '1', 'the focus goes along');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowUp');
  assert.match(await focused(), /^2,/);
  const before = (await names())[2].length;
  await page.keyboard.press('Delete');
  assert.equal((await names())[2].length, before - 1);
  await page.keyboard.press('Control+z');
  assert.equal((await names())[2].length, before);
  await page.keyboard.press('Control+z');
  assert.deepEqual((await names()).map((column) => column.at(-1)), ['找书', '我的', '帮助']);
  await page.keyboard.press('Control+Shift+z');
  await page.keyboard.press('Control+s');
  await page.waitForSelector('#outcome .good:has-text("已保存")');
  assert.match(await readFile(join(program.data, 'menu.toml'), 'utf8'), /找书[^]*帮助[^]*我的"/);
  noFaults();
});

test('buttons and text are one menu, and so are those for some', { timeout: 60_000 }, async () => {
  const { page } = view;
  await visit('/menu');
  await page.waitForSelector('.cell.top');
  await page.click('#add-menu');
  await page.fill('#r-tag', '2');
  await page.click('[data-view="text"]');
  await page.waitForSelector('#text:visible');
  const text = await page.inputValue('#text');
  assert.match(text, /\[\[conditional\]\]\ntag_id = "2"/);
  await page.fill('#text', '[[button]]\nname = "只有一个"\ntype = "click"\nkey = "帮助"\n');
  await page.click('[data-view="buttons"]');
  await page.waitForSelector('[data-path="0"]:has-text("只有一个")');
  await page.click('[data-view="text"]');
  await page.waitForSelector('#text:visible');
  await page.fill('#text', '[[button]\n');
  await page.click('[data-view="buttons"]');
  await page.waitForSelector('#outcome .bad');
  assert.ok(await page.isVisible('#text'), 'what is no menu stays text');
  await fits('menu-text');
  noFaults();
});

/** Gives the text a picture as the clipboard does. */
const paste = (name) => view.page.evaluate(({ name, png }) => {
  const data = new DataTransfer();
  data.items.add(new File([Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0))], name, { type: 'image/png' }));
  document.querySelector('#text').dispatchEvent(new ClipboardEvent('paste', { bubbles: true, cancelable: true, clipboardData: data }));
}, { name, png: PNG });

test('an article is previewed, outlives its page, gets a picture and a time', { timeout: 90_000 }, async () => {
  const { page } = view;
  await visit('/articles/new');
  await page.fill('#name', '雪夜');
  await page.fill('#text', '+++\ntitle = "雪夜"\ndraft = true\n+++\n\n围炉 **夜读**。\n');
  assert.match(await page.textContent('#count'), /^4 字/);
  await page.click('#look');
  await page.waitForSelector('#prose strong:has-text("夜读")');
  await page.fill('#text', '+++\ntitle = "雪夜"\n');
  await page.waitForSelector('#preview-notes .warn:has-text("not closed")');
  await page.fill('#text', '+++\ntitle = "雪夜"\ndraft = true\n+++\n\n围炉夜话。\n');
  await page.waitForSelector('#prose p:has-text("夜话")');
  await page.waitForFunction(() => document.querySelector('#count').textContent.includes('草稿暂存'));
  await fits('article-preview');

  // The page is lost; what was written is not.
  await visit('/articles/new');
  await page.click('#restore-do');
  assert.match(await page.inputValue('#text'), /围炉夜话/);
  await page.fill('#name', '雪夜');
  await page.keyboard.press('Control+s');
  await page.waitForSelector('article.prose:has-text("围炉夜话")');
  await visit('/articles/new');
  assert.ok(await page.isHidden('#restore'), 'what was saved is not offered again');

  await visit('/articles/%E9%9B%AA%E5%A4%9C/edit');
  await page.locator('#text').focus();
  await page.keyboard.press('Control+End');
  await paste('image.png');
  await page.waitForFunction(() => document.querySelector('#text').value.includes('![]('));
  await page.click('#look');
  await page.waitForFunction(() => document.querySelector('#prose img')?.naturalWidth > 0);
  await page.click('#article button:has-text("保存")');
  await page.waitForSelector('article.prose img');
  await page.fill('#at', '2099-01-01T08:00');
  await page.click('form[action$="/publish"] button');
  await page.waitForSelector('#main:has-text("2099-01-01 08:00")');
  await fits('article-planned');
  await page.click('form[action$="/hold"] button');
  await page.waitForSelector('#main [role="status"]:has-text("现在是草稿")');
  view.faults.splice(0, view.faults.length, ...view.faults.filter((fault) => !/422/.test(fault)));
  noFaults();
});

test('a keyword reply is written in a form, switched off and moved', { timeout: 60_000 }, async () => {
  const { page } = view;
  await visit('/keywords');
  await page.click('a[href="/keywords/new"]');
  await page.fill('#words', '加群\n进群');
  assert.ok(await page.isHidden('#picture'), 'only the fields of its kind are there');
  await page.fill('#text', '长'.repeat(700));
  await page.waitForSelector('#c-text.fault:has-text("2100 / 2047")');
  await page.fill('#text', '口令是书童');
  await fits('keyword');
  await page.click('button[value="save"]');
  await page.waitForSelector('#notice');
  await page.click('a[href="/keywords/new"]');
  await page.fill('#words', '主题曲');
  await page.selectOption('#kind', 'music');
  await page.fill('#music_url', 'https://example.com/a.mp3');
  await page.fill('#music_thumb', 'none.png');
  await page.keyboard.press('Control+s');
  await page.waitForSelector('table tbody tr:nth-child(2)');
  await page.click('button[aria-label="第 2 条上移"]');
  await page.waitForSelector('tbody tr:first-child:has-text("主题曲")');
  await page.click('button[aria-label="停用第 2 条"]');
  await page.waitForSelector('tbody tr:nth-child(2):has-text("停用")');
  await fits('keywords-table');
  assert.match(await readFile(join(program.data, 'keywords.toml'), 'utf8'), /主题曲[^]*加群[^]*off = true/);
  noFaults();
});

test('a wording is seen as it will be while it is changed', { timeout: 60_000 }, async () => {
  const { page } = view;
  await visit('/wordings');
  await page.fill('#w-thanks', '不客气 {tap_help}');
  await page.waitForSelector('[data-wording="thanks"] .look .tap:has-text("帮助")');
  assert.match(await page.textContent('[data-wording="thanks"] .look .hint'), /\/ 1400 字节/);
  await page.fill('#w-thanks', '不客气 {nobody}');
  await page.waitForSelector('[data-wording="thanks"] .fault:has-text("nothing fills")');
  await page.click('[data-wording="thanks"] .reset');
  await page.waitForSelector('[data-wording="thanks"] .look:visible');
  await fits('wordings');
  noFaults();
});

test('a file that a reply needs says so before it is taken out', { timeout: 60_000 }, async () => {
  const { page } = view;
  await visit('/media');
  await page.setInputFiles('#files', [{ name: 'none.png', mimeType: 'image/png', buffer: Buffer.from(PNG, 'base64') }]);
  await page.waitForSelector('[data-file="none.png"] .used:has-text("主题曲")');
  await page.click('[data-file="none.png"] summary');
  await page.waitForSelector('[data-file="none.png"] button:has-text("还在用")');
  await fits('media-used');
  await page.click('[data-file="none.png"] button:has-text("还在用")');
  await page.waitForSelector('#notice:has-text("移除了")');
  noFaults();
});

test('a source with a long address fits a phone, before and after it is there', { timeout: 60_000 }, async () => {
  const { page } = view;
  const address = `https://books.example.org/${'a-very-long-path/'.repeat(12)}opds.xml`;
  await visit('/sources');
  await fits('sources-none');
  await page.fill('#name', 'long');
  await page.fill('#url', address);
  await page.selectOption('#kind', 'opds');
  await page.fill('#rights', '公版书');
  await page.click('form[action="/sources"] .row.end button');
  await page.waitForSelector('#h-passes');
  assert.equal(await page.inputValue('#url'), address);
  await fits('source');
  await visit('/sources');
  await fits('sources');
  noFaults();
});

test('the screens are whole in English, too', { timeout: 60_000 }, async () => {
  const { page } = view;
  await view.context.addCookies([{ name: 'lang', value: 'en', url: program.admin }]);
  for (const [path, name] of [['/menu', 'menu'], ['/keywords', 'keywords'], ['/keywords/new', 'keyword'], ['/articles/new', 'article'], ['/media', 'media'], ['/wordings', 'wordings']]) {
    await visit(path);
    await fits(`en-${name}`);
    assert.doesNotMatch(await page.textContent('#main'), /\b(menu|keywords|article|media|source)\.(?!toml)[a-z_]+\b/, `${path}: a key instead of its text`);
  }
  noFaults();
});
