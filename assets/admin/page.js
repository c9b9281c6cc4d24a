// On every page: the theme, the shortcuts, copying. Letters do nothing while a Chinese word is being composed, in a
// field, with a modifier, or when they are switched off.

import { $, $$, say, toast } from './core.js';

const root = document.documentElement;
const year = 'path=/; max-age=31536000; samesite=strict';

function setTheme(theme) {
  root.dataset.theme = theme;
  document.cookie = `theme=${theme}; ${year}`;
  for (const input of $$('input[name="theme"]')) input.checked = input.value === theme;
}

$('#theme')?.addEventListener('click', () => {
  const order = ['auto', 'light', 'dark'];
  const next = order[(order.indexOf(root.dataset.theme) + 1) % order.length];
  setTheme(next);
  toast({ auto: say('theme_auto'), light: say('theme_light'), dark: say('theme_dark') }[next]);
});
for (const input of $$('input[name="theme"]')) input.addEventListener('change', () => setTheme(input.value));
for (const input of $$('input[name="lang"]')) {
  input.addEventListener('change', () => { document.cookie = `lang=${input.value}; ${year}`; location.reload(); });
}

const keys = $('#keys');
const switchBox = $('#keys-on');
const areOn = () => localStorage.getItem('keys') !== 'off';
if (switchBox) {
  switchBox.checked = areOn();
  switchBox.addEventListener('change', () => localStorage.setItem('keys', switchBox.checked ? 'on' : 'off'));
  $('#help').addEventListener('click', () => keys.showModal());
}

let chord = 0;
addEventListener('keydown', (event) => {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || !keys || !areOn()) return;
  if (event.target.closest('input, textarea, select, [contenteditable]') || $('dialog[open], :popover-open')) return;
  if (event.key === '/') {
    const field = $('[data-search]');
    if (field) { event.preventDefault(); field.focus(); field.select?.(); }
  } else if (event.key === '?') {
    keys.showModal();
  } else if (event.key === 'g') {
    chord = event.timeStamp;
  } else if (event.timeStamp - chord < 1200) {
    chord = 0;
    $(`.side a[data-key="${CSS.escape(event.key)}"]`)?.click();
  }
});

for (const button of $$('[data-copy]')) {
  button.addEventListener('click', async () => {
    // Either the text itself, or the id of the field it stands in.
    const field = $(`#${CSS.escape(button.dataset.from ?? '')}`);
    field?.select();
    try { await navigator.clipboard.writeText(field ? field.value : button.dataset.copy); toast(say('copied')); } catch (error) { toast(error.message, { bad: true }); }
  });
}

// A restart: nobody listens for a moment, then another start answers. This is here and not in a script of its own because
// there may be nobody left to fetch one from.
const restarting = $('#restarting');
if (restarting) {
  const begun = Date.now();
  const look = async () => {
    try {
      const answer = await fetch('/api/restart', { cache: 'no-store', headers: { Accept: 'application/json' } });
      const isOther = answer.status === 401 || (answer.ok && (await answer.json()).started !== restarting.dataset.started);
      if (isOther) { location.replace(restarting.dataset.next); return; }
    } catch { /* not yet */ }
    if (Date.now() - begun > 30_000) $('#restart-late').hidden = false;
    setTimeout(look, 200);
  };
  setTimeout(look, 200);
}
