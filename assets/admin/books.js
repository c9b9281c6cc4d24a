// The list of books: uploads with their progress, the ticked books, the recycle bin with a way back. Without this
// script the list, its filters and its changes still work; only the upload needs it.

import { $, $$, confirmed, failed, make, post, say, toast } from './core.js';
import { receive } from './drop.js';

// ---- into the recycle bin, and out of it ----

/** Hides the rows of books that have gone, and offers a way back. */
function gone(rows, says) {
  const beside = rows.at(-1)?.nextElementSibling ?? rows[0]?.previousElementSibling;
  for (const row of rows) {
    const box = row.querySelector('input[type="checkbox"]');
    if (box) box.checked = false;
    row.hidden = true;
    row.classList.remove('leaving');
  }
  (beside?.querySelector('a') ?? $('#q'))?.focus();
  toast(says, { label: say('undo'), action: () => restore(rows) });
}

async function restore(rows) {
  try {
    await post('/api/books/bulk', { json: { do: 'restore', ids: rows.map((row) => Number(row.dataset.id)) } });
  } catch (error) {
    failed(error);
    return;
  }
  for (const row of rows) row.hidden = false;
  rows[0].querySelector('a').focus();
  toast(rows.length === 1 ? say('restored', { title: rows[0].dataset.title }) : say('restored_many', { n: rows.length }));
}

for (const form of $$('.book [data-remove]')) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const row = form.closest('.book');
    row.classList.add('leaving');
    try {
      await post(`/books/${row.dataset.id}/remove`);
    } catch (error) {
      row.classList.remove('leaving');
      failed(error);
      return;
    }
    gone([row], say('removed', { title: row.dataset.title }));
  });
}

// ---- the ticked books ----

const bulk = $('#bulk');
if (bulk) {
  const all = $('#all'), says = $('#ticked'), plain = says.textContent;
  const boxes = () => $$('.book input[type="checkbox"]').filter((box) => !box.closest('.book').hidden);
  const ticked = () => boxes().filter((box) => box.checked).map((box) => box.closest('.book'));
  const tell = () => {
    const n = ticked().length;
    says.textContent = n ? say('ticked', { n }) : plain;
    all.checked = n > 0 && n === boxes().length;
    all.indeterminate = n > 0 && !all.checked;
  };
  $('#all-label').hidden = false;
  all.addEventListener('change', () => { for (const box of boxes()) box.checked = all.checked; tell(); });
  addEventListener('change', (event) => { if (event.target.form === bulk) tell(); });
  tell();

  bulk.addEventListener('submit', async (event) => {
    const rows = ticked(), button = event.submitter;
    if (!rows.length) { event.preventDefault(); failed(new Error(say('nothing_ticked'))); return; }
    if (button?.dataset.ask) {
      event.preventDefault();
      if (await confirmed(button.dataset.ask.replace('{n}', rows.length), rows.map((row) => row.dataset.title))) { delete button.dataset.ask; bulk.requestSubmit(button); }
      return;
    }
    if (button?.value !== 'remove') return;
    event.preventDefault();
    for (const row of rows) row.classList.add('leaving');
    try {
      const answer = await post('/api/books/bulk', { json: { do: 'remove', ids: rows.map((row) => Number(row.dataset.id)) } });
      const left = rows.filter((row) => answer.done.includes(Number(row.dataset.id)));
      for (const row of left) row.querySelector('input').checked = false;
      if (left.length) gone(left, say('removed_many', { n: left.length }));
      if (answer.failed.length) failed(new Error(answer.failed[0].error));
    } catch (error) {
      failed(error);
    }
    for (const row of rows) row.classList.remove('leaving');
    tell();
  });
}

// ---- filters: what is chosen is looked for at once ----

for (const select of $$('#sift select')) select.addEventListener('change', () => select.form.requestSubmit());
// A field that says nothing need not stand in the address.
$('.search')?.addEventListener('formdata', (event) => {
  for (const [name, value] of [...event.formData]) if (value === '' || (name === 'sort' && value === 'newest')) event.formData.delete(name);
});

// ---- uploads ----

const drop = $('#drop');
if (drop) {
  const texts = { new: say('new'), joined: say('joined'), known: say('known') };
  const tally = { new: 0, joined: 0, known: 0, error: 0 };
  const summary = $('#summary');
  const upload = receive(drop, {
    shown(row, item, state) {
      if (item.outcome === 'catalogue') { state.textContent = say('imported', { new: item.new, changed: item.changed, failed: item.failed }); lines(row, item.lines); return; }
      state.textContent = texts[item.outcome];
      row.firstElementChild.replaceChildren(make('a', { href: `/books/${item.book}` }, item.title ?? row.textContent), make('small', {}, ` ${item.file}`));
    },
    changed(outcomes) {
      for (const name of Object.keys(tally)) tally[name] = outcomes.filter((one) => one === name).length;
      $('#review').hidden = outcomes.length === 0;
      summary.textContent = say('review', { ...tally, waiting: outcomes.filter((one) => !one).length });
      $('#retry-all').hidden = !tally.error;
    },
    done: (n) => toast(say('uploaded', { n }), { label: say('refresh'), action: () => { location.href = '/books'; } }),
  });
  $('#retry-all').addEventListener('click', () => upload.retry());

  const folder = $('#folder');
  $('#choose-folder').addEventListener('click', () => folder.click());
  folder.addEventListener('change', () => { upload.take(upload.books(folder.files)); folder.value = ''; });
  const catalogue = $('#catalogue');
  $('#choose-catalogue').addEventListener('click', () => catalogue.click());
  catalogue.addEventListener('change', () => { upload.take(catalogue.files, '/api/catalogue'); catalogue.value = ''; });
}

/** The rows of a catalogue that could not be used. */
function lines(row, failures) {
  for (const { line, error } of failures.slice(0, 20)) row.append(make('p', { class: 'fault' }, say('line', { line, error })));
}
