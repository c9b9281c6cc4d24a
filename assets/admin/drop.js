// Files dropped, chosen or pasted, folders with all in them: one request per file, two at a time, each with its
// progress and its outcome. What an upload means is the page's affair; here it is only brought there.

import { $, make, say, size, toast, token } from './core.js';

const AT_ONCE = 2;

/**
 * Takes files for `zone`, which says where they go (`data-to`), how large they may be (`data-limit`), and which are taken
 * of a folder (`data-extensions`). `shown` is told of each file that has arrived: its row, and the server's answer;
 * `changed` of the outcomes of all files so far, null for those on their way; `done` when none is, with how many arrived.
 * Gives `take(files, to)` for further files, `retry()` for those that failed, `books(files)` for what is none.
 */
export function receive(zone, { shown = () => {}, changed = () => {}, done = () => {} } = {}) {
  const input = $('#files'), list = $('#uploads');
  const limit = Number(zone.dataset.limit);
  const extensions = (zone.dataset.extensions ?? '').split(' ').filter(Boolean);
  const all = [], waiting = [];
  let running = 0, good = 0, wrong = 0;

  $('#choose').addEventListener('click', () => input.click());
  input.addEventListener('change', () => { take(input.files); input.value = ''; });
  addEventListener('dragover', (event) => {
    if (event.dataTransfer?.types.includes('Files')) { event.preventDefault(); zone.classList.add('over'); }
  });
  addEventListener('dragleave', (event) => { if (!event.relatedTarget) zone.classList.remove('over'); });
  addEventListener('drop', async (event) => {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    zone.classList.remove('over');
    // Both have to be taken before the event is over.
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()), files = [...event.dataTransfer.files];
    if (!entries.some((entry) => entry?.isDirectory)) { take(files); return; }
    for (const entry of entries) if (entry) take(entry.isDirectory ? books(await within(entry)) : [await fileOf(entry)]);
  });
  addEventListener('paste', (event) => {
    if (!event.clipboardData?.files.length) return;
    event.preventDefault();
    take([...event.clipboardData.files].map(named));
  });
  addEventListener('beforeunload', (event) => { if (running) event.preventDefault(); });

  /** Of a folder, what its names say is a book. */
  function books(files) {
    const isBook = ({ name }) => !name.startsWith('.') && (!extensions.length || extensions.includes(name.split('.').pop().toLowerCase()));
    return [...files].filter(isBook);
  }

  function take(files, to = zone.dataset.to) {
    for (const file of files) {
      const state = make('span', { class: 'chip' });
      const upload = { file, to, state, row: make('li', {}, make('span', {}, file.name), state), outcome: null };
      list.append(upload.row);
      all.push(upload);
      if (file.size > limit) result(upload, { outcome: 'error', error: say('too_large', { size: size(limit) }) });
      else queue(upload);
    }
    next();
  }

  function queue(upload) {
    upload.outcome = null;
    delete upload.row.dataset.outcome;
    upload.state.className = 'chip';
    upload.state.textContent = say('queued');
    upload.row.querySelectorAll('.fault, button').forEach((element) => element.remove());
    waiting.push(upload);
  }

  /** Those that failed, once more; what is too large stays so. */
  function retry(which = all) {
    for (const upload of which) if (upload.outcome === 'error' && upload.file.size <= limit) queue(upload);
    next();
  }

  function next() {
    while (running < AT_ONCE && waiting.length) { running += 1; send(waiting.shift()); }
    changed(all.map((upload) => upload.outcome));
    if (!running && good + wrong) finish();
  }

  function send(upload) {
    const bar = make('progress', { max: 1, value: 0, 'aria-label': upload.file.name });
    upload.row.append(bar);
    upload.row.scrollIntoView({ block: 'nearest' });
    const request = new XMLHttpRequest();
    request.upload.addEventListener('progress', (event) => {
      bar.value = event.loaded / event.total;
      upload.state.textContent = event.loaded < event.total ? say('uploading', { percent: Math.floor(100 * bar.value) }) : say('reading');
    });
    request.addEventListener('loadend', () => {
      bar.remove();
      running -= 1;
      result(upload, outcome(request));
      next();
    });
    request.open('POST', upload.to);
    for (const [name, value] of Object.entries(token())) request.setRequestHeader(name, value);
    const form = new FormData();
    form.append('file', upload.file, upload.file.name);
    request.send(form);
  }

  function outcome(request) {
    let answer = {};
    try { answer = JSON.parse(request.responseText); } catch { /* the status says enough */ }
    if (request.status === 200 && answer.items?.length) return answer.items[0];
    if (request.status === 401) return { error: say('logged_out') };
    return { error: answer.error ?? (request.status ? `HTTP ${request.status}` : say('offline')) };
  }

  function result(upload, item) {
    const { row, state } = upload;
    upload.outcome = item.error ? 'error' : item.outcome ?? 'new';
    row.dataset.outcome = upload.outcome;
    if (item.error) {
      wrong += 1;
      state.className = 'chip bad';
      state.textContent = '×';
      row.append(make('p', { class: 'fault' }, item.error));
      if (upload.file.size <= limit) row.append(make('button', { type: 'button', class: 'button plain small', onclick: () => retry([upload]) }, say('retry')));
      return;
    }
    good += 1;
    state.className = item.outcome === 'known' ? 'chip' : 'chip good';
    state.textContent = say('arrived');
    shown(row, item, state);
  }

  function finish() {
    if (wrong) toast(say('upload_failed', { n: wrong }), { bad: true });
    if (good) done(good, wrong);
    good = wrong = 0;
  }

  return { take, retry, books };
}

const fileOf = (entry) => new Promise((resolve, reject) => { entry.file(resolve, reject); });

/** All files in a folder, and in those within. */
async function within(folder) {
  const reader = folder.createReader(), files = [];
  for (;;) {
    // A reader gives some at a time, and none at the end.
    const entries = await new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });
    if (!entries.length) return files;
    for (const entry of entries) files.push(...(entry.isDirectory ? await within(entry) : [await fileOf(entry)]));
  }
}

/** Every picture that is pasted is called image.png; the second must not replace the first. */
function named(file, number) {
  const stamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
  return new File([file], `${stamp}-${number + 1}.${file.name.split('.').pop()}`, { type: file.type });
}
