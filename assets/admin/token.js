// The time a token still lives counts down, and its value is fetched only when it is asked for. Without this script the
// page shows the time that was left when it was drawn, and the value on a page of its own.

import { $, $$, countDown, failed, follow, post, say, toast } from './core.js';

const set = countDown(say('token_none'));

follow({
  token: (accounts) => {
    set(accounts);
    toast(say('token_changed'), { label: say('reload'), action: () => { location.href = '/token'; } });
  },
});

// ---- the value ----

for (const form of $$('[data-show]')) {
  const box = $(`#${CSS.escape(form.dataset.show)}`);
  const field = $('input', box);
  const button = $('button', form);
  const label = [...button.childNodes];
  const show = (value) => {
    field.value = value;
    box.hidden = !value;
    button.replaceChildren(...(value ? [say('token_hide')] : label));
  };
  if (field.value) show(field.value);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (field.value) { show(''); return; }
    try {
      show((await post(form.getAttribute('action'))).access_token);
      field.select();
    } catch (error) { failed(error); }
  });
}
