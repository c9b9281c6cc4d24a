// One keyword reply: only the fields of its kind are shown, and a text says how long it is. Without this script all fields are
// there, and those of the kind that is chosen count.

import { $, $$, say } from './core.js';

const form = $('#reply'), kind = $('#kind'), text = $('#text'), count = $('#c-text');

function sift() {
  for (const fields of $$('[data-kind]')) fields.hidden = fields.dataset.kind !== kind.value;
}

function measure() {
  const n = new TextEncoder().encode(text.value).length, of = Number(text.dataset.limit);
  count.textContent = say('menu_bytes', { n, of });
  count.classList.toggle('fault', n > of);
  text.setAttribute('aria-invalid', String(n > of));
}

const content = () => new URLSearchParams(new FormData(form)).toString();
let kept = content();
kind.addEventListener('change', sift);
text.addEventListener('input', measure);
form.addEventListener('submit', () => { kept = content(); });
addEventListener('beforeunload', (event) => { if (content() !== kept) event.preventDefault(); });
sift();
measure();
