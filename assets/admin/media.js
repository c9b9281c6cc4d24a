// Files for the media folder, with their progress. Without this script the list still works; only the upload needs it.

import { $, say, toast } from './core.js';
import { receive } from './drop.js';

const texts = { new: say('arrived'), joined: say('replaced'), known: say('known') };
receive($('#drop'), {
  shown(row, item, state) { state.textContent = texts[item.outcome]; },
  // What went wrong is still to be read: then the list waits.
  done(n, wrong) {
    if (wrong) toast(say('uploaded', { n }), { label: say('refresh'), action: () => location.reload() });
    else location.reload();
  },
});
