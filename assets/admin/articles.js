// Pictures put beside an article, on its page and while it is written. Without this script the page still works; only the
// upload needs it.

import { $, say, toast } from './core.js';
import { receive } from './drop.js';

const drop = $('#drop'), text = $('#text');
if (drop) {
  receive(drop, {
    shown(row, item) { if (text) insert(`![](${address(item.file)})`); },
    done(n, wrong) {
      if (text) return;
      if (wrong) toast(say('uploaded', { n }), { label: say('refresh'), action: () => location.reload() });
      else location.reload();
    },
  });
}

/** A name as Markdown and addresses take it. */
function address(name) {
  return encodeURIComponent(name).replace(/[()'!*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
}

/** Puts a line where the cursor is. */
function insert(line) {
  const { selectionStart: from, selectionEnd: to, value } = text;
  const before = from && value[from - 1] !== '\n' ? '\n\n' : '';
  text.setRangeText(`${before}${line}\n`, from, to, 'end');
}

if (text) {
  let saved = text.value;
  text.form.addEventListener('submit', () => { saved = text.value; });
  addEventListener('beforeunload', (event) => { if (text.value !== saved) event.preventDefault(); });
}
