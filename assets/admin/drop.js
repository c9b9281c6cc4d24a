// Files dropped, chosen or pasted: one request per file, two at a time, each with its progress. What an upload means is the
// page's affair; here it is only brought there.

import { $, make, say, size, toast, token } from './core.js';

/**
 * Takes files for `zone`, which says where they go (`data-to`) and how large they may be (`data-limit`). `shown` is told
 * of each file that has arrived: its row, and the server's answer; `done` when none is on its way, with how many arrived.
 * Gives the function that takes further files.
 */
export function receive(zone, { shown = () => {}, done = () => {} } = {}) {
  const input = $('#files'), list = $('#uploads');
  const limit = Number(zone.dataset.limit);
  const waiting = [];
  let running = 0, good = 0, wrong = 0;

  $('#choose').addEventListener('click', () => input.click());
  input.addEventListener('change', () => { take(input.files); input.value = ''; });
  addEventListener('dragover', (event) => {
    if (event.dataTransfer?.types.includes('Files')) { event.preventDefault(); zone.classList.add('over'); }
  });
  addEventListener('dragleave', (event) => { if (!event.relatedTarget) zone.classList.remove('over'); });
  addEventListener('drop', (event) => {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    zone.classList.remove('over');
    take(event.dataTransfer.files);
  });
  addEventListener('paste', (event) => {
    if (!event.clipboardData?.files.length) return;
    event.preventDefault();
    take([...event.clipboardData.files].map(named));
  });
  addEventListener('beforeunload', (event) => { if (running) event.preventDefault(); });

  function take(files) {
    for (const file of files) {
      const state = make('span', { class: 'chip' }, say('queued'));
      const row = make('li', {}, make('span', {}, file.name), state);
      list.append(row);
      if (file.size > limit) { result(row, state, { outcome: 'error', error: say('too_large', { size: size(limit) }) }); continue; }
      waiting.push(() => send(file, row, state));
    }
    next();
  }

  function next() {
    while (running < 2 && waiting.length) { running += 1; waiting.shift()(); }
    if (!running && good + wrong) finish();
  }

  function send(file, row, state) {
    const bar = make('progress', { max: 1, value: 0, 'aria-label': file.name });
    row.append(bar);
    const request = new XMLHttpRequest();
    request.upload.addEventListener('progress', (event) => {
      bar.value = event.loaded / event.total;
      state.textContent = event.loaded < event.total ? say('uploading', { percent: Math.floor(100 * bar.value) }) : say('reading');
    });
    request.addEventListener('loadend', () => {
      bar.remove();
      running -= 1;
      result(row, state, outcome(request));
      next();
    });
    request.open('POST', zone.dataset.to);
    for (const [name, value] of Object.entries(token())) request.setRequestHeader(name, value);
    const form = new FormData();
    form.append('file', file);
    request.send(form);
  }

  function outcome(request) {
    let answer = {};
    try { answer = JSON.parse(request.responseText); } catch { /* the status says enough */ }
    if (request.status === 200 && answer.items?.length) return answer.items[0];
    if (request.status === 401) return { error: say('logged_out') };
    return { error: answer.error ?? (request.status ? `HTTP ${request.status}` : say('offline')) };
  }

  function result(row, state, item) {
    row.dataset.outcome = item.error ? 'error' : item.outcome ?? 'new';
    if (item.error) {
      wrong += 1;
      state.className = 'chip bad';
      state.textContent = '×';
      row.append(make('p', { class: 'fault' }, item.error));
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

  return take;
}

/** Every picture that is pasted is called image.png; the second must not replace the first. */
function named(file, number) {
  const stamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
  return new File([file], `${stamp}-${number + 1}.${file.name.split('.').pop()}`, { type: file.type });
}
