// An article while it is written: pictures dropped and pasted, a preview as readers will see it, a draft that outlives the
// page. Without this script the page still works; only the upload and these need it.

import { $, failed, make, post, say, toast } from './core.js';
import { receive } from './drop.js';

const drop = $('#drop'), text = $('#text'), form = $('#article');
/** The draft of a file, in this tab; that of a new article has no name. */
const slot = (file) => `article:${file}`;
const stored = (file) => JSON.parse(sessionStorage.getItem(slot(file)) ?? 'null');

if (drop) {
  receive(drop, {
    shown(row, item) { if (text) insert(`![](${address(item.file)})`); },
    done(n, wrong) {
      if (text) return;
      if (wrong) toast(say('uploaded', { n }), { label: say('refresh'), action: () => location.reload() });
      else location.reload();
    },
  });
}

/** A name as Markdown and addresses take it. */
function address(name) {
  return encodeURIComponent(name).replace(/[()'!*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
}

/** Puts a line where the cursor is. */
function insert(line) {
  const { selectionStart: from, selectionEnd: to, value } = text;
  const before = from && value[from - 1] !== '\n' ? '\n\n' : '';
  text.setRangeText(`${before}${line}\n`, from, to, 'end');
  text.dispatchEvent(new Event('input'));
}

// The page of the article itself: what was sent has arrived.
if (drop?.dataset.file) {
  for (const file of [drop.dataset.file, '']) if (stored(file)?.isSent) sessionStorage.removeItem(slot(file));
}
if (text) write();

function write() {
  const file = form.elements.file.value;
  let saved = text.value, waiting = 0, looking = 0;

  const draft = stored(file);
  if (draft && draft.text !== text.value) offer(draft); else sessionStorage.removeItem(slot(file));
  count();
  text.addEventListener('input', () => {
    count();
    clearTimeout(waiting);
    waiting = setTimeout(keep, 800);
    if (!$('#preview').hidden) { clearTimeout(looking); looking = setTimeout(look, 600); }
  });

  form.addEventListener('submit', () => {
    saved = text.value;
    clearTimeout(waiting);
    store({ isSent: true });
  });
  addEventListener('beforeunload', (event) => { if (text.value !== saved) { keep(); event.preventDefault(); } });

  const button = $('#look');
  button.hidden = false;
  button.addEventListener('click', async () => {
    const preview = $('#preview');
    preview.hidden = !preview.hidden;
    button.setAttribute('aria-expanded', String(!preview.hidden));
    if (!preview.hidden) { await look(); preview.scrollIntoView({ block: 'nearest' }); }
  });

  function store(more) {
    // A full store must not keep anybody from writing.
    try { sessionStorage.setItem(slot(file), JSON.stringify({ text: text.value, at: Date.now(), ...more })); return true; } catch { return false; }
  }

  function keep() {
    if (text.value === saved) { sessionStorage.removeItem(slot(file)); count(); return; }
    if (store({})) count(new Date());
  }

  /** Letters and digits below the head, without the addresses of links and pictures. */
  function count(kept) {
    const below = text.value.replace(/^(\+\+\+|---)\n[^]*?\n\1\n/, '').replace(/\]\([^)]*\)/g, ']');
    const n = below.match(/[\p{L}\p{N}]/gu)?.length ?? 0;
    $('#count').textContent = kept ? say('article_kept', { n, time: kept.toLocaleTimeString(document.documentElement.lang) }) : say('article_count', { n });
  }

  function offer({ text: own, at }) {
    $('#restore').hidden = false;
    $('#restore-at').textContent = new Date(at).toLocaleString(document.documentElement.lang);
    $('#restore-do').addEventListener('click', () => {
      text.value = own;
      $('#restore').hidden = true;
      text.focus();
      text.dispatchEvent(new Event('input'));
    });
    $('#restore-not').addEventListener('click', () => { sessionStorage.removeItem(slot(file)); $('#restore').hidden = true; text.focus(); });
  }

  async function look() {
    let made;
    try {
      made = await post('/api/articles/preview', { form: { file, name: form.elements.name?.value ?? '', text: text.value } });
    } catch (error) {
      if (!error.answer?.error) { failed(error); return; }
      made = { notes: [error.answer.error], markup: null };
    }
    $('#preview-notes').replaceChildren(...made.notes.map((note) => make('p', { class: 'note warn' }, note)));
    // The server has made it safe, by the same way as the page that readers see.
    if (made.markup !== null) $('#prose').replaceChildren(make('h3', {}, made.title), ...new DOMParser().parseFromString(made.markup, 'text/html').body.childNodes);
  }
}
