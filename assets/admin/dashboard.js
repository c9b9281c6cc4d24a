// The overview, kept up to date by one stream of events. While nobody looks at the page, the stream is closed.

import { $, $$, countDown, follow, make, refresh, say, size } from './core.js';

const live = $('#live');
const log = $('#log');
const MOST_LINES = 500;
let isPaused = false;

function append(lines) {
  if (isPaused) return;
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  for (const line of lines) log.append(make('li', { class: line.level || undefined }, line.text));
  while (log.childElementCount > MOST_LINES) log.firstElementChild.remove();
  filter();
  if (isAtEnd) log.scrollTop = log.scrollHeight;
}

// Lines below the level that is wanted are hidden, not gone.
function filter() {
  log.dataset.level = $('#level').value;
  const shown = { '': 'li', warn: 'li.warn, li.error', error: 'li.error' }[log.dataset.level];
  $('#log-none').hidden = $(shown, log) !== null;
  log.hidden = !$('#log-none').hidden;
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

function health(bytes) {
  for (const place of $$('[data-disk]')) if (bytes[place.dataset.disk] != null) place.textContent = size(bytes[place.dataset.disk]);
}

$('#pause').addEventListener('click', (event) => {
  isPaused = !isPaused;
  event.target.setAttribute('aria-pressed', isPaused);
  event.target.textContent = isPaused ? say('resume') : say('pause');
});
$('#level').addEventListener('change', () => { filter(); log.scrollTop = log.scrollHeight; });
// A browser keeps what was chosen before a reload.
filter();
log.scrollTop = log.scrollHeight;

const set = countDown(say('token_none'));
const token = (accounts) => { set(accounts); refresh(); };
const show = (state, text) => { live.dataset.state = state; live.textContent = text; };
follow({ log: append, state: update, job: refresh, token, health }, show, log.dataset.after);
