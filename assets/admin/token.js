// The time a token still lives counts down, and its value is fetched only when it is asked for. Without this script the
// page shows the time that was left when it was drawn, and the value on a page of its own.

import { $, $$, failed, post, say, toast } from './core.js';

// ---- the countdown ----

const clocks = $$('[data-left]');
let drawn = Date.now();

function face(seconds) {
  const two = (number) => String(number).padStart(2, '0');
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

function tick() {
  const passed = Math.floor((Date.now() - drawn) / 1000);
  for (const clock of clocks) {
    const left = Math.max(0, Number(clock.dataset.left) - passed);
    clock.textContent = left ? face(left) : say('token_none');
  }
}
setInterval(tick, 1000);

// ---- a token that changes while one looks ----

let source;

function open() {
  if (source || document.hidden) return;
  source = new EventSource('/events');
  source.addEventListener('token', (event) => {
    const passed = Math.floor((Date.now() - drawn) / 1000);
    const left = new Map(JSON.parse(event.data).map((token) => [token.account, token.left]));
    for (const clock of clocks) clock.dataset.left = (left.get(clock.dataset.account) ?? 0) + passed;
    tick();
    toast(say('token_changed'), { label: say('reload'), action: () => { location.href = '/token'; } });
  });
}

function close() {
  source?.close();
  source = undefined;
}

document.addEventListener('visibilitychange', () => { if (document.hidden) close(); else open(); });
addEventListener('pagehide', close);
open();

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
