// Makes the pictures of the README from the demo: the first page, the books, the chat, in both languages.
//
//   node tests/browser/pictures.mjs            (after `cargo build`; needs Chromium and a Chinese font)
//
// They are WebP, as large as a README shows them, and small: the quality goes down until a picture fits.

import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { interfaceOf } from './api.js';
import { furnish } from './furniture.js';
import { enter, open, start } from './support.js';

const FOLDER = fileURLToPath(new URL('../../assets/pictures/', import.meta.url));
const LARGEST = 60_000;
const SCREENS = { dashboard: '/', books: '/books', simulator: '/simulator' };
const SAID = ['帮助', '红楼梦', '最新'];

if (!execFileSync('fc-list', [':lang=zh-cn']).length) throw new Error('there is no Chinese font; install one, such as fonts-noto-cjk');
const program = await start({ isListed: true });
const view = await open();
try {
  await mkdir(FOLDER, { recursive: true });
  await view.page.setViewportSize({ width: 1280, height: 800 });
  await enter(view, program);
  const api = await interfaceOf(view, program);
  await furnish(view, program, api);
  await arrived(api);
  for (const lang of ['zh', 'en']) {
    await view.context.addCookies([{ name: 'lang', value: lang, url: program.admin }, { name: 'theme', value: 'light', url: program.admin }]);
    for (const [name, path] of Object.entries(SCREENS)) {
      await view.page.goto(program.admin + path, { waitUntil: 'load' });
      if (path === '/simulator') await talk(view.page);
      await view.page.evaluate(() => { document.activeElement.blur(); scrollTo(0, 0); });
      await view.page.waitForTimeout(1500);
      const { bytes, quality } = await picture();
      await writeFile(`${FOLDER}${name}-${lang}.webp`, bytes);
      process.stdout.write(`${name}-${lang}.webp ${bytes.length} bytes, quality ${quality}\n`);
    }
  }
} finally {
  await view.browser.close();
  await program.stop();
}

/** Waits until the books of the demo are all there. */
async function arrived(api) {
  let before = -1;
  for (let counts; (counts = await api.call('GET /api/counts')).shelf !== before || counts.index.pending; before = counts.shelf) {
    await view.page.waitForTimeout(1500);
  }
}

async function talk(page) {
  for (const text of SAID) {
    const heard = await page.locator('.theirs').count();
    await page.fill('#text', text);
    await page.keyboard.press('Enter');
    await page.locator('.theirs').nth(heard).waitFor();
  }
}

async function picture() {
  const wire = await view.context.newCDPSession(view.page);
  for (let quality = 85; ; quality -= 10) {
    const { data } = await wire.send('Page.captureScreenshot', { format: 'webp', quality });
    const bytes = Buffer.from(data, 'base64');
    if (bytes.length <= LARGEST || quality < 30) { await wire.detach(); return { bytes, quality }; }
  }
}
