// How far sources are, while they are being read.
import { say } from './core.js';

const cells = new Map([...document.querySelectorAll('[data-source]')].map((cell) => [cell.dataset.source, cell]));

function told(progress) {
  const { done, what, pages_waiting: pages, books_waiting: books, chapters } = progress;
  const parts = [what, chapters ? `${chapters[0]}/${chapters[1]}` : ''];
  parts.push(say('source_progress', { done: done.added + done.updated + done.known, books, pages, failed: done.failed }));
  return parts.filter(Boolean).join(' · ');
}

async function look() {
  try {
    const answer = await fetch('/api/sources', { headers: { Accept: 'application/json', 'X-Unattended': 'yes' } });
    if (answer.ok) {
      for (const { name, says, progress } of (await answer.json()).items) {
        const cell = cells.get(name);
        const text = progress ? told(progress) : says;
        if (cell && text && cell.textContent !== text) cell.textContent = text;
      }
    }
  } catch {
    // The server is away; the next look tells.
  }
  setTimeout(look, document.hidden ? 10000 : 2000);
}

if (cells.size > 0) setTimeout(look, 2000);
