// One book: its cover by upload, conversions that are followed while they are made, a question before a file is taken
// out, a way back from the recycle bin. Without this script all but the upload of a cover works.

import { $, $$, confirmed, failed, post, say, toast, token } from './core.js';

const { id, title } = $('#book').dataset;

for (const form of $$('[data-remove]')) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    try {
      await post(`/books/${id}/remove`);
    } catch (error) {
      failed(error);
      return;
    }
    const leave = setTimeout(() => { location.href = '/books'; }, 6000);
    toast(say('removed', { title }), { label: say('undo'), action: async () => {
      clearTimeout(leave);
      try { await post(`/books/${id}/restore`); location.reload(); } catch (error) { failed(error); }
    } });
  });
}

for (const form of $$('[data-ask]')) {
  form.addEventListener('submit', async (event) => {
    if (!form.dataset.ask) return;
    event.preventDefault();
    if (await confirmed(form.dataset.ask)) { delete form.dataset.ask; form.requestSubmit(); }
  });
}

const choose = $('#cover-choose'), file = $('#cover-file');
if (choose) {
  choose.hidden = false;
  choose.addEventListener('click', () => file.click());
  file.addEventListener('change', async () => {
    const form = new FormData();
    form.append('file', file.files[0]);
    choose.disabled = true;
    try {
      const response = await fetch(`/api/books/${id}/cover`, { method: 'POST', headers: token(), body: form });
      const answer = await response.json().catch(() => ({}));
      if (!response.ok) throw new Error(say('error', { error: answer.error ?? response.status }));
      location.reload();
    } catch (error) {
      failed(error);
      choose.disabled = false;
      file.value = '';
    }
  });
}

// Asked now and then while something is being made; the server knows how it stands.
const isWanted = () => $('#made [data-state="wanted"]');
if (isWanted()) {
  const timer = setInterval(async () => {
    if (document.hidden) return;
    const response = await fetch(`/api/books/${id}`, { headers: { Accept: 'application/json', 'X-Unattended': 'yes' } }).catch(() => null);
    if (!response?.ok) return;
    const { conversions } = await response.json();
    if (conversions.some((one) => one.state === 'wanted')) return;
    clearInterval(timer);
    // What is being written stays.
    if ($('#edit')?.open) toast(say('converted'), { label: say('refresh'), action: () => location.reload() });
    else location.reload();
  }, 1000);
}

if (location.hash === '#edit') $('#edit').open = true;
