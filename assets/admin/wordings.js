// The wordings: filtering, marking what differs from the built-in text, saving all at once.

import { $, $$, failed, make, post, say, toast } from './core.js';

const form = $('#wordings'), save = $('#save'), filter = $('#filter'), onlyOwn = $('#only-own');
const rows = $$('.wording').map((row) => {
  const field = $('textarea', row);
  return { row, field, key: row.dataset.wording, saved: field.value };
});
const isOwn = ({ field }) => field.value !== field.dataset.default;
const own = () => Object.fromEntries(rows.filter(isOwn).map((entry) => [entry.key, entry.field.value]));
const isChanged = (entry) => entry.field.value !== entry.saved;

function mark(entry) {
  $('.own', entry.row).hidden = !isOwn(entry);
  $('.reset', entry.row).hidden = !isOwn(entry);
  entry.row.classList.toggle('changed', isChanged(entry));
  save.disabled = !rows.some(isChanged);
}

function fault(entry, text) {
  const place = $('.fault', entry.row);
  place.hidden = !text;
  place.textContent = text ?? '';
  if (text) entry.field.setAttribute('aria-invalid', 'true'); else entry.field.removeAttribute('aria-invalid');
}

/** The text as a follower would see it, and how long it is: what the server says of it, while it is changed. */
let looking = 0;
function lookSoon(entry) {
  clearTimeout(looking);
  looking = setTimeout(async () => {
    try { show(entry, await post('/api/wordings/look', { json: { key: entry.key, wordings: own() } })); } catch { /* it is told when it is saved */ }
  }, 300);
}

function show(entry, { error, bytes, most, pieces }) {
  for (const other of rows) if (other !== entry) $('.look', other.row).hidden = true;
  fault(entry, error);
  const place = $('.look', entry.row);
  place.hidden = Boolean(error);
  if (error) return;
  const part = ({ text, tap, hole }) => (text !== undefined ? text : make('span', { class: tap !== undefined ? 'tap' : 'hole' }, tap ?? `{${hole}}`));
  place.replaceChildren(make('p', { class: 'hint' }, say('menu_bytes', { n: bytes, of: most })), make('div', { class: 'bubble' }, ...pieces.map(part)));
}

function sift() {
  const wanted = filter.value.trim().toLowerCase();
  let shown = 0;
  for (const entry of rows) {
    const isMatch = `${entry.key}\n${entry.field.value}`.toLowerCase().includes(wanted);
    entry.row.hidden = !(isMatch && (!onlyOwn.checked || isOwn(entry) || isChanged(entry)));
    if (!entry.row.hidden) shown += 1;
  }
  $('#no-match').hidden = shown > 0;
}

for (const entry of rows) {
  entry.field.addEventListener('input', () => { mark(entry); fault(entry); lookSoon(entry); });
  entry.field.addEventListener('focus', () => lookSoon(entry));
  $('.reset', entry.row).addEventListener('click', () => {
    entry.field.value = entry.field.dataset.default;
    mark(entry);
    fault(entry);
    entry.field.focus();
  });
}
filter.addEventListener('input', sift);
onlyOwn.addEventListener('change', sift);
// Enter in the filter must not save.
filter.addEventListener('keydown', (event) => { if (event.key === 'Enter') event.preventDefault(); });

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  if (!rows.some(isChanged)) return;
  for (const entry of rows) fault(entry);
  try {
    await post('/wordings', { json: { wordings: own() } });
  } catch (error) {
    const entry = rows.find((row) => row.key === error.answer?.key);
    if (!entry) { failed(error); return; }
    fault(entry, error.answer.error);
    entry.row.hidden = false;
    entry.field.focus();
    toast(say('wrong_wording'), { bad: true });
    return;
  }
  for (const entry of rows) { entry.saved = entry.field.value; mark(entry); }
  toast(say('saved'));
});

addEventListener('beforeunload', (event) => { if (rows.some(isChanged)) event.preventDefault(); });
