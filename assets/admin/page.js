// On every page: the theme, the keys, copying. Letters do nothing while a Chinese word is being composed, in a field,
// with a modifier, or when they are switched off.

import { $, $$, make, say, toast } from './core.js';

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

// On a phone the navigation is longer than the screen is wide: what is open is in view.
$('.side [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });

// ---- keys ----

const keys = $('#keys');
const switchBox = $('#keys-on');
const areOn = () => localStorage.getItem('keys') !== 'off';
if (switchBox) {
  switchBox.checked = areOn();
  switchBox.addEventListener('change', () => localStorage.setItem('keys', switchBox.checked ? 'on' : 'off'));
  $('#help').addEventListener('click', () => keys.showModal());
  // The navigation says which letter leads where; the list is made from it.
  $('#keys-places').replaceWith(...$$('.side a[data-key]').map((link) => make('div', {},
    make('dt', {}, make('kbd', {}, 'g'), ' ', make('kbd', {}, link.dataset.key)), make('dd', {}, link.textContent.trim()))));
}

let chord = -Infinity;
addEventListener('keydown', (event) => {
  // 229: the key belongs to an input method, also where the browser does not say isComposing.
  if (event.isComposing || event.keyCode === 229 || event.defaultPrevented || !keys) return;
  const place = event.target.closest ? event.target : document.body;
  const isCommand = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
  if (isCommand && event.key === 's') { submit(event, place.closest('form[data-save]') ?? $('form[data-save]'), '[value="save"]'); return; }
  if (isCommand && event.key === 'Enter') { submit(event, place.closest('form'), '.button:not(.plain)'); return; }
  const isField = place.closest('input, textarea, select, [contenteditable]');
  if (event.key === 'Escape' && isField && !place.closest('dialog, [popover]')) { place.blur(); return; }
  if (event.ctrlKey || event.metaKey || event.altKey || isField || !areOn() || $('dialog[open], :popover-open')) return;
  const isChord = event.timeStamp - chord < 1200;
  chord = -Infinity;
  const link = isChord && $(`.side a[data-key="${CSS.escape(event.key)}"]`);
  if (link) { event.preventDefault(); link.click(); return; }
  const act = letters[event.key];
  if (act) { event.preventDefault(); act(event); }
});

const letters = {
  '/': () => { const field = $('[data-search]'); field?.focus(); field?.select?.(); },
  '?': () => keys.showModal(),
  g: (event) => { chord = event.timeStamp; },
  j: () => step(1),
  k: () => step(-1),
  o: () => rows().find(({ row }) => row.contains(document.activeElement))?.link.click(),
};

/** Sends the form by the button that the key means, else by its first; never by one that is marked as dangerous. */
function submit(event, form, meant) {
  if (!form || form.getAttribute('method') === 'get') return;
  event.preventDefault();
  const buttons = $$('button:not([type="button"], .danger)', form);
  const button = buttons.find((one) => one.matches(meant)) ?? buttons[0];
  if (button && !button.disabled) form.requestSubmit(button);
}

/** What a list on the page leads to, entry by entry. */
function rows() {
  const all = $$('main :is(.books > li, .covers > li, .rows > li, tbody > tr)');
  return all.map((row) => ({ row, link: $('a[href]:not([download])', row) })).filter(({ row, link }) => link && row.checkVisibility());
}

/** Moves to the next or the one before; from outside, to the first or the last. */
function step(by) {
  const all = rows();
  const at = all.findIndex(({ row }) => row.contains(document.activeElement));
  const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by;
  all[next]?.link.focus();
}

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
      const answer = await fetch('/api/restart', { cache: 'no-store', headers: { Accept: 'application/json', 'X-Unattended': 'yes' } });
      const isOther = answer.status === 401 || (answer.ok && (await answer.json()).started !== restarting.dataset.started);
      if (isOther) { location.replace(restarting.dataset.next); return; }
    } catch { /* not yet */ }
    if (Date.now() - begun > 30_000) $('#restart-late').hidden = false;
    setTimeout(look, 200);
  };
  setTimeout(look, 200);
}
