// Uploads with their progress, and the recycle bin with a way back. Without this script the list still works; only
// the upload needs it.

import { $, $$, failed, make, post, say, toast } from './core.js';
import { receive } from './drop.js';

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

// ---- uploads ----

const drop = $('#drop');
if (drop) {
  const texts = { new: say('new'), joined: say('joined'), known: say('known') };
  receive(drop, {
    shown(row, item, state) {
      state.textContent = texts[item.outcome];
      row.firstElementChild.replaceChildren(make('a', { href: `/books/${item.book}` }, item.title ?? row.textContent));
    },
    done: (n) => toast(say('uploaded', { n }), { label: say('refresh'), action: () => { location.href = '/books'; } }),
  });
}
