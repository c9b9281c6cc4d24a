// Uploads with their progress, and the recycle bin with a way back. Without this script the list still works; only
// the upload needs it.

import { $, $$, failed, make, post, say, size, toast, token } from './core.js';

// ---- into the recycle bin, and out of it ----

for (const form of $$('[data-remove]')) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const row = form.closest('.book');
    const { id, title } = (row ?? form).dataset;
    row?.classList.add('leaving');
    try {
      await post(`/books/${id}/remove`);
    } catch (error) {
      row?.classList.remove('leaving');
      failed(error);
      return;
    }
    if (row) {
      const beside = row.nextElementSibling ?? row.previousElementSibling;
      row.hidden = true;
      (beside?.querySelector('a') ?? $('#q')).focus();
    }
    toast(say('removed', { title }), { label: say('undo'), action: () => restore(id, title, row) });
    if (!row) setTimeout(() => { location.href = '/books'; }, 4000);
  });
}

async function restore(id, title, row) {
  try {
    await post(`/books/${id}/restore`);
  } catch (error) {
    failed(error);
    return;
  }
  if (!row) { location.href = `/books/${id}`; return; }
  row.hidden = false;
  row.classList.remove('leaving');
  row.querySelector('a').focus();
  toast(say('restored', { title }));
}

// ---- uploads: one request per file, two at a time ----

const drop = $('#drop');
if (drop) {
  const input = $('#files');
  const limit = Number(drop.dataset.limit);
  const waiting = [];
  let running = 0, done = 0, wrong = 0;

  $('#choose').addEventListener('click', () => input.click());
  input.addEventListener('change', () => { take(input.files); input.value = ''; });
  addEventListener('dragover', (event) => {
    if (event.dataTransfer?.types.includes('Files')) { event.preventDefault(); drop.classList.add('over'); }
  });
  addEventListener('dragleave', (event) => { if (!event.relatedTarget) drop.classList.remove('over'); });
  addEventListener('drop', (event) => {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    drop.classList.remove('over');
    take(event.dataTransfer.files);
  });
  addEventListener('beforeunload', (event) => { if (running) event.preventDefault(); });

  function take(files) {
    for (const file of files) {
      const state = make('span', { class: 'chip' }, say('queued'));
      const row = make('li', {}, make('span', {}, file.name), state);
      $('#uploads').append(row);
      if (file.size > limit) { result(row, state, { outcome: 'error', error: say('too_large', { size: size(limit) }) }); continue; }
      waiting.push(() => send(file, row, state));
    }
    next();
  }

  function next() {
    while (running < 2 && waiting.length) { running += 1; waiting.shift()(); }
    if (!running && done + wrong) finish();
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
    request.open('POST', '/api/upload');
    for (const [name, value] of Object.entries(token())) request.setRequestHeader(name, value);
    const form = new FormData();
    form.append('file', file);
    request.send(form);
  }

  function outcome(request) {
    let answer = {};
    try { answer = JSON.parse(request.responseText); } catch { /* the status says enough */ }
    if (request.status === 200 && answer.items?.length) return answer.items[0];
    if (request.status === 401) return { outcome: 'error', error: say('logged_out') };
    return { outcome: 'error', error: answer.error ?? (request.status ? `HTTP ${request.status}` : say('offline')) };
  }

  function result(row, state, item) {
    const texts = { new: say('new'), joined: say('joined'), known: say('known') };
    row.dataset.outcome = item.outcome;
    if (item.outcome === 'error') {
      wrong += 1;
      state.className = 'chip bad';
      state.textContent = '×';
      row.append(make('p', { class: 'fault' }, item.error));
      return;
    }
    done += 1;
    state.className = item.outcome === 'known' ? 'chip' : 'chip good';
    state.textContent = texts[item.outcome];
    row.firstElementChild.replaceChildren(make('a', { href: `/books/${item.book}` }, item.title ?? row.textContent));
  }

  function finish() {
    if (wrong) toast(say('upload_failed', { n: wrong }), { bad: true });
    if (done) toast(say('uploaded', { n: done }), { label: say('refresh'), action: () => { location.href = '/books'; } });
    done = wrong = 0;
  }
}
