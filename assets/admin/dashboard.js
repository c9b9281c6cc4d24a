// The overview, kept up to date by one stream of events. While nobody looks at the page, the stream is closed.

import { $, $$, make, say, size } from './core.js';

const live = $('#live');
const log = $('#log');
const MOST_LINES = 500;
let source, retry, isPaused = false;

function show(state, text) {
  live.dataset.state = state;
  live.textContent = text;
}

function open() {
  if (source || document.hidden) return;
  clearTimeout(retry);
  source = new EventSource('/events');
  source.addEventListener('open', () => show('on', say('live')));
  source.addEventListener('error', () => {
    show('off', say('reconnecting'));
    // The browser tries again by itself unless the server refused; then we do, more slowly.
    if (source.readyState === EventSource.CLOSED) { source = undefined; retry = setTimeout(open, 10000); }
  });
  source.addEventListener('log', (event) => { if (!isPaused) append(JSON.parse(event.data)); });
  source.addEventListener('state', (event) => update(JSON.parse(event.data)));
}

function close() {
  source?.close();
  source = undefined;
}

function append(lines) {
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  for (const line of lines) log.append(make('li', { class: line.level || undefined }, line.text));
  while (log.childElementCount > MOST_LINES) log.firstElementChild.remove();
  if (log.childElementCount) $('#log-none').hidden = true;
  if (isAtEnd) log.scrollTop = log.scrollHeight;
}

function update(state) {
  for (const figure of $$('[data-count]')) figure.textContent = state[figure.dataset.count];
  const { books, pending, rebuilding } = state.index;
  const box = $('#index');
  if (rebuilding) {
    const [done, of] = rebuilding;
    const text = say('index_rebuilding', { done, of });
    box.replaceChildren(make('progress', { value: done, max: of, 'aria-label': text }), ` ${text}`);
  } else {
    box.textContent = [say('index_books', { n: books }), pending ? say('index_pending', { n: pending }) : ''].filter(Boolean).join(' · ');
  }
}

$('#pause').addEventListener('click', (event) => {
  isPaused = !isPaused;
  event.target.setAttribute('aria-pressed', isPaused);
  event.target.textContent = isPaused ? say('resume') : say('pause');
});

document.addEventListener('visibilitychange', () => {
  if (document.hidden) { close(); show('wait', say('paused')); } else open();
});
addEventListener('pagehide', close);

log.scrollTop = log.scrollHeight;
open();
fetch('/api/disk', { headers: { Accept: 'application/json' } }).then((response) => response.json()).then((disk) => {
  for (const place of $$('[data-disk]')) place.textContent = disk[place.dataset.disk] === undefined ? '—' : size(disk[place.dataset.disk]);
}).catch(() => {});
