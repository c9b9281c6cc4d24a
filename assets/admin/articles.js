// Pictures put beside an article. Without this script the page still works; only the upload needs it.

import { $, failed, token } from './core.js';

const input = $('#pictures');
input?.addEventListener('change', async () => {
  const form = new FormData();
  for (const file of input.files) form.append('file', file);
  try {
    const response = await fetch(input.dataset.to, { method: 'POST', headers: token(), body: form });
    const answer = await response.json();
    const wrong = response.ok ? answer.items.find((item) => item.error) : answer;
    if (wrong) throw new Error(wrong.error);
    location.reload();
  } catch (error) {
    failed(error);
  }
  input.value = '';
});
