// How far a backup is, while it is made, read or unpacked; and uploads. Without this script the page still works: reload it
// to see how far things are.

import { $, say, size, toast } from './core.js';
import { receive } from './drop.js';

const line = $('#doing');

const doings = {
  making: say('backup_making'),
  sending: say('backup_sending'),
  verifying: say('backup_verifying'),
  restoring: say('backup_restoring'),
};

function told({ what, bytes, of }) {
  const percent = of ? ` · ${Math.min(99, Math.floor((100 * bytes) / of))} %` : '';
  return `${doings[what]} ${size(bytes)}${percent}`;
}

async function look() {
  try {
    const answer = await fetch('/api/backup', { headers: { Accept: 'application/json', 'X-Unattended': 'yes' } });
    if (answer.ok) {
      const { doing } = await answer.json();
      if (!doing) { location.reload(); return; }
      line.textContent = told(doing);
    }
  } catch {
    // The server is away; the next look tells.
  }
  setTimeout(look, document.hidden ? 10000 : 1500);
}

if (line.dataset.busy === 'true') setTimeout(look, 1000);

receive($('#drop'), {
  shown(row, item, state) { state.textContent = say('arrived'); },
  done(n, wrong) {
    if (wrong) toast(say('uploaded', { n }), { label: say('refresh'), action: () => location.reload() });
    else location.reload();
  },
});
