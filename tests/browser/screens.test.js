// Every screen of the admin page, in both languages, light and dark, wide and narrow: accessible, within the window,
// from here alone, without an error, and with a visible focus. The list of screens is read from the page itself: the
// navigation, and what its pages link to. Then what happens when the server goes away, and what a new owner sees.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { interfaceOf } from './api.js';
import { furnish } from './furniture.js';
import { enter, open, overflows, smallTargets, start, violations, withoutFocus } from './support.js';

const PICTURES = process.env.SCREENSHOTS;
const PASSWORD = 'correct horse battery';
const WIDE = { width: 1280, height: 900 };
const NARROW = { width: 360, height: 740 };
const COLOURS = { type: 'rule', values: ['color-contrast', 'link-in-text-block'] };

let program, view, paths;

before(async () => {
  program = await start();
  view = await open();
  view.page.setDefaultTimeout(15_000);
  if (PICTURES) await mkdir(PICTURES, { recursive: true });
  await enter(view, program);
  await furnish(view, program, await interfaceOf(view, program));
}, { timeout: 90_000 });

after(async () => {
  await view?.browser.close();
  assert.equal(await program?.stop(), 0, 'the program ends cleanly');
});

const visit = (path) => view.page.goto(program.admin + path);
const noFaults = () => assert.deepEqual(view.faults.splice(0), []);
const places = (page) => page.$$eval('.side nav a', (links) => links.map((link) => link.getAttribute('href')));

/** Paths of this page that it links to, without those that save a file. */
const linked = (page) => page.$$eval('main a[href^="/"]:not([download])', (links) => links.map((link) => link.getAttribute('href').split('#')[0]));

/** What a path is an example of: of `/books/7` and `/books/9` one is enough. */
const kind = (path) => {
  const { pathname, search } = new URL(path, program.admin);
  const segments = pathname.split('/').map((part, at) => (at > 1 && !/^(new|removed|edit|requests|duplicates)$/.test(part) ? '*' : part));
  return segments.join('/') + [...new URLSearchParams(search).keys()].join('&');
};

/** The navigation, and whatever can be reached from it by two links. */
async function screens() {
  const found = new Map();
  const add = (path) => { if (!found.has(kind(path))) found.set(kind(path), path); };
  await visit('/');
  for (const path of await places(view.page)) add(path);
  for (let step = 0; step < 2; step += 1) {
    for (const path of [...found.values()]) {
      await visit(path);
      for (const link of await linked(view.page)) add(link);
    }
  }
  add('/nowhere');
  return [...found.values()];
}

test('the screens are found from the navigation', { timeout: 90_000 }, async () => {
  paths = await screens();
  assert.ok(paths.length >= 15, paths.join(' '));
  for (const pattern of [/^\/books\/\d+$/, /^\/articles\/(winter|later)$/, /^\/articles\/[^/]+\/edit$/, /^\/sources\/mine$/, /^\/books\/removed$/]) {
    assert.ok(paths.some((path) => pattern.test(path)), `${pattern} is not among ${paths.join(' ')}`);
  }
});

/** Changes to the dark theme at once, without the transition of colours. */
const darken = (page) => page.evaluate(async () => {
  document.documentElement.dataset.theme = 'dark';
  await new Promise(requestAnimationFrame);
  for (const animation of document.getAnimations()) if (animation instanceof CSSTransition) animation.finish();
});

for (const lang of ['zh', 'en']) {
  for (const size of [WIDE, NARROW]) {
    test(`every screen is accessible and fits: ${lang}, ${size.width} px, light and dark`, { timeout: 240_000 }, async () => {
      const { page, context } = view;
      await page.setViewportSize(size);
      await context.addCookies([{ name: 'lang', value: lang, url: program.admin }, { name: 'theme', value: 'light', url: program.admin }]);
      const found = [];
      for (const path of paths) {
        const answer = await visit(path);
        const where = (what) => `${path} ${lang} ${size.width}: ${what}`;
        if (answer.status() !== (path === '/nowhere' ? 404 : 200)) found.push(where(`status ${answer.status()}`));
        if (!(await page.getAttribute('html', 'lang')).startsWith(lang)) found.push(where('another language'));
        found.push(...(await violations(page)).map(where));
        found.push(...(await smallTargets(page)).map((target) => where(`small target ${target}`)));
        found.push(...(await withoutFocus(page)).map((target) => where(`no visible focus ${target}`)));
        if (await overflows(page)) found.push(where('wider than the window'));
        if (PICTURES) await page.screenshot({ path: `${PICTURES}/${kind(path).replaceAll(/\W+/g, '-')}-${lang}-${size.width}.png`, fullPage: true });
        // The theme changes colours only; so in the dark only colours are looked at again.
        await darken(page);
        found.push(...(await violations(page, COLOURS)).map((line) => where(`dark: ${line}`)));
        if (PICTURES) await page.screenshot({ path: `${PICTURES}/${kind(path).replaceAll(/\W+/g, '-')}-${lang}-${size.width}-dark.png`, fullPage: true });
      }
      found.push(...view.faults.splice(0).filter((fault) => !/status of 404/.test(fault)));
      assert.equal(found.length, 0, found.slice(0, 40).join('\n'));
    });
  }
}

test('the keys lead where the navigation says, through lists, and never while somebody writes', { timeout: 60_000 }, async () => {
  const { page, context } = view;
  await page.setViewportSize(WIDE);
  await context.addCookies([{ name: 'lang', value: 'zh', url: program.admin }]);
  await visit('/settings');
  const chords = await page.$$eval('.side a[data-key]', (links) => links.map((link) => [link.dataset.key, link.getAttribute('href')]));
  assert.equal(new Set(chords.map(([key]) => key)).size, chords.length, 'no letter twice');
  assert.equal(chords.length, (await places(page)).length, 'every place has a letter');
  for (const [key, path] of chords) {
    await page.keyboard.press('g');
    await page.keyboard.press(key);
    // The first steps lead to the one that comes next.
    await page.waitForURL((url) => url.pathname === path || (path !== '/' && url.pathname.startsWith(`${path}/`)));
  }
  await page.keyboard.press('?');
  assert.equal(await page.locator('#keys dt:has-text("g")').count(), chords.length, 'the dialog names them all');
  assert.deepEqual(await violations(page), []);
  await page.keyboard.press('Escape');
  assert.ok(await page.isHidden('#keys'));

  await visit('/books');
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.keyboard.press('k');
  await page.keyboard.press('j');
  const second = await page.locator('.book').nth(1).locator('a.title').getAttribute('href');
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('href')), second);
  await page.keyboard.press('o');
  await page.waitForURL(program.admin + second);
  await page.goBack();
  await page.keyboard.press('/');
  await page.keyboard.type('g d?j');
  assert.equal(await page.inputValue('#q'), 'g d?j');
  assert.ok(await page.isHidden('#keys'));
  await page.keyboard.press('Escape');
  assert.equal(await page.evaluate(() => document.activeElement.id), '', 'Esc leaves the field');
  const composed = (fields) => page.evaluate((fields) => {
    for (const key of ['g', 's']) document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, ...fields }));
  }, fields);
  await composed({ isComposing: true });
  await composed({ keyCode: 229 });
  assert.equal(new URL(page.url()).pathname, '/books');

  await page.keyboard.press('?');
  await page.uncheck('#keys-on');
  await page.keyboard.press('Escape');
  for (const key of ['g', 's', 'j', '?']) await page.keyboard.press(key);
  assert.equal(new URL(page.url()).pathname, '/books', 'they can be switched off');
  assert.ok(await page.isHidden('#keys'));
  await page.click('#help');
  await page.check('#keys-on');
  await page.keyboard.press('Escape');

  await visit('/keywords');
  await page.locator('textarea[name="text"]').press('Control+s');
  await page.waitForSelector('.note.good');
  await visit('/simulator');
  await page.fill('#text', '帮助');
  await page.keyboard.press('Control+Enter');
  await page.locator('.theirs').first().waitFor();
  noFaults();
});

test('good news goes by itself, bad news stays until it is closed', { timeout: 30_000 }, async () => {
  const { page } = view;
  await visit('/books');
  await page.evaluate(async () => {
    const { toast } = await import(document.querySelector('script[src$="page.js"]').src.replace('page.js', 'core.js'));
    toast('done');
    toast('not done', { bad: true });
  });
  assert.equal(await page.locator('.toast[role="status"]').count(), 1);
  assert.deepEqual(await violations(page), []);
  await page.waitForSelector('.toast:not(.bad)', { state: 'detached', timeout: 6000 });
  assert.equal(await page.locator('.toast.bad[role="alert"]').count(), 1);
  await page.locator('.toast.bad button').click();
  assert.equal(await page.locator('.toast').count(), 0);
  noFaults();
});

test('the public page of a book is light', async () => {
  const { items } = { items: (await (await view.context.request.get(`${program.admin}/api/books`)).json()).books };
  const page = `${program.public}/b/${items[0].id}`;
  const html = await (await fetch(page)).text();
  let bytes = Buffer.byteLength(html);
  for (const [, path] of html.matchAll(/<(?:link rel="stylesheet"|script)[^>]*(?:href|src)="([^"]+)"/g)) {
    bytes += (await (await fetch(new URL(path, page))).arrayBuffer()).byteLength;
  }
  assert.ok(bytes > 3000, 'the page is there');
  assert.ok(bytes <= 30 * 1024, `${bytes} bytes without its cover`);
});

test('a server that goes away is missed, and found again', { timeout: 120_000 }, async () => {
  const { page } = view;
  await visit('/');
  await page.waitForSelector('#live[data-state="on"]');
  await page.evaluate(() => { window.isTheSamePage = true; });
  await program.kill();
  await page.waitForSelector('#live[data-state="off"]');
  // What is sent meanwhile fails with a message that stays, and loses nothing.
  await page.evaluate(async () => {
    const { failed, post } = await import(document.querySelector('script[src$="page.js"]').src.replace('page.js', 'core.js'));
    await post('/books/1/restore').catch(failed);
  });
  await page.waitForSelector('.toast.bad');
  await program.restart();
  await page.waitForSelector('#live[data-state="on"]', { timeout: 30_000 });
  assert.ok(await page.evaluate(() => window.isTheSamePage), 'without a reload');
  await visit('/books');
  assert.ok(await page.isVisible('#q'), 'the session is still there');
  const faults = view.faults.splice(0).filter((fault) => !/ERR_(CONNECTION_REFUSED|INCOMPLETE_CHUNKED|EMPTY_RESPONSE|CONNECTION_RESET)/.test(fault));
  assert.deepEqual(faults, []);
});

test('who logs out is out, and comes back to the same page', async () => {
  const { page } = view;
  await visit('/keywords');
  await page.click('.tools form button');
  await page.waitForSelector('#password');
  assert.equal((await visit('/keywords')).status(), 401);
  await page.fill('#password', PASSWORD);
  await page.click('button.wide');
  await page.waitForURL(`${program.admin}/keywords`);
  noFaults();
});

test('a new owner is told on every empty screen what it is for and what to do first', { timeout: 120_000 }, async () => {
  const fresh = await start({ demo: false });
  const own = await open();
  try {
    await enter(own, fresh);
    const found = [];
    let empty = 0;
    for (const path of [...await places(own.page), '/books/removed']) {
      await own.page.goto(fresh.admin + path);
      for (const section of await own.page.locator('main .empty').all()) {
        empty += 1;
        if (!(await section.textContent()).trim()) found.push(`${path}: says nothing`);
        const actions = await section.locator('a.button, button').count();
        if (actions !== 1) found.push(`${path}: ${actions} actions where nothing is yet`);
      }
      found.push(...(await violations(own.page)).map((line) => `${path}: ${line}`));
      if (await overflows(own.page)) found.push(`${path}: wider than the window`);
      if (PICTURES) await own.page.screenshot({ path: `${PICTURES}/fresh${path.replaceAll('/', '-')}.png`, fullPage: true });
    }
    assert.ok(empty >= 6, `only ${empty} empty screens`);
    assert.deepEqual([...found, ...own.faults], []);
  } finally {
    await own.browser.close();
    await fresh.stop();
  }
});
