// Jobs begin and end while one looks. The server draws them; this only asks for it when something has changed.

import { $, follow, refresh } from './core.js';

const live = $('#live');

follow({ job: refresh }, (state, text) => { live.dataset.state = state; live.textContent = text; });
