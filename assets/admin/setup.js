// The token stands behind the # of the address, which no server and no log ever sees. It moves into the form, and
// out of the address, so that it does not stay in the browser's history.

import { $ } from './core.js';

const given = location.hash.slice(1) || sessionStorage.getItem('setup') || '';
if (given) {
  sessionStorage.setItem('setup', given);
  $('#token').value = given;
  history.replaceState(null, '', '/setup');
} else {
  $('#no-token').hidden = false;
}
