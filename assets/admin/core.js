// What every script of the page needs: words, requests with the token, toasts, a question before what cannot be
// taken back lightly. No framework; no state but the page's.

const body = document.body;
const words = JSON.parse(body.dataset.words || '{}');

/** A text in the page's language, with its places filled. */
export function say(key, values = {}) {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
}

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

/** An element with attributes and children; text is always text, never markup. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'onclick') element.addEventListener('click', value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children);
  return element;
}

export function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes / 1024, unit = 0;
  while (value >= 999.5 && unit + 1 < units.length) { value /= 1024; unit += 1; }
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

export const token = () => ({ 'X-CSRF-Token': body.dataset.csrf, Accept: 'application/json' });

/** Sends a change. Gives what came back; throws an Error that can be shown. */
export async function post(path, { json, form } = {}) {
  const headers = { ...token(), 'Content-Type': json ? 'application/json' : 'application/x-www-form-urlencoded' };
  const content = json ? JSON.stringify(json) : new URLSearchParams(form ?? {});
  let response;
  try {
    response = await fetch(path, { method: 'POST', headers, body: content });
  } catch {
    throw new Error(say('offline'));
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const error = new Error(response.status === 401 ? say('logged_out') : say('error', { error: answer.error ?? response.status }));
  error.answer = answer;
  throw error;
}

/** A short message. What went wrong stays until it is closed; the rest goes by itself, unless it can be undone. */
export function toast(text, { bad = false, action, label } = {}) {
  const close = () => box.remove();
  const box = make('div', { class: bad ? 'toast bad' : 'toast', role: bad ? 'alert' : 'status' }, make('span', { class: 'grow' }, text));
  if (action) box.append(make('button', { type: 'button', onclick: () => { close(); action(); } }, label));
  box.append(make('button', { type: 'button', 'aria-label': say('dismiss'), onclick: close }, '×'));
  $('#toasts').append(box);
  if (!bad) setTimeout(() => { if (!box.matches(':hover, :focus-within')) close(); else setTimeout(close, 8000); }, action ? 8000 : 4000);
}

export const failed = (error) => toast(error.message, { bad: true });

/** Follows the page's one stream of events: a function for each name of an event, and one that is told how the stream
    stands. While nobody looks it is closed; it goes on where it was. */
export function follow(handlers, show = () => {}, after = '') {
  let source, retry, was = false;
  const open = () => {
    if (source || document.hidden) return;
    clearTimeout(retry);
    source = new EventSource(after ? `/events?after=${after}` : '/events');
    source.addEventListener('open', () => { show('on', say('live')); if (was) refresh(); was = true; });
    source.addEventListener('error', () => {
      show('off', say('reconnecting'));
      // The browser tries again by itself unless the server refused; then we do, more slowly.
      if (source.readyState === EventSource.CLOSED) { source = undefined; retry = setTimeout(open, 5000); }
    });
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, (event) => { after = event.lastEventId || after; handle(JSON.parse(event.data)); });
    }
  };
  const close = () => { clearTimeout(retry); source?.close(); source = undefined; };
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) { close(); show('wait', say('paused')); } else open();
  });
  addEventListener('pagehide', close);
  addEventListener('pageshow', (event) => { if (event.persisted) open(); });
  open();
}

/** Has the server draw the parts marked data-live="…" again. It does not count as a use of the session. What somebody
    is using stays as it is. */
export async function refresh() {
  let page;
  try {
    const answer = await fetch(location.href, { headers: { 'X-Unattended': 'yes' } });
    if (!answer.ok) return;
    page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  } catch {
    return; // The stream tells when the server is back.
  }
  for (const part of $$('[data-live]')) {
    const drawn = $(`[data-live="${CSS.escape(part.dataset.live)}"]`, page);
    if (drawn && !part.contains(document.activeElement) && !part.isEqualNode(drawn)) {
      const open = $$('details', part).map((box) => box.open);
      $$('details', drawn).forEach((box, at) => { box.open = open[at]; });
      part.replaceWith(document.adoptNode(drawn));
    }
  }
}

const drawn = Date.now();

/** Counts down what is marked data-left="seconds when the page was drawn"; no clock but this one's is asked. Gives a
    function that sets what is left now. */
export function countDown(none) {
  const passed = () => Math.floor((Date.now() - drawn) / 1000);
  const two = (number) => String(number).padStart(2, '0');
  const face = (seconds) => `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  const tick = () => {
    for (const clock of $$('[data-left]')) {
      const left = Math.max(0, Number(clock.dataset.left) - passed());
      clock.textContent = left ? face(left) : none;
    }
  };
  setInterval(tick, 1000);
  return (accounts) => {
    const left = new Map(accounts.map((token) => [token.account, token.left]));
    for (const clock of $$('[data-left]')) clock.dataset.left = (left.get(clock.dataset.account) ?? 0) + passed();
    tick();
  };
}

/** Asks before what is not to be done by mistake, and names what it is about. */
export function confirmed(question, titles = []) {
  const shown = titles.slice(0, 8).map((title) => make('li', {}, title));
  if (titles.length > 8) shown.push(make('li', {}, '…'));
  const dialog = make('dialog', { 'aria-labelledby': 'ask-title' },
    make('h2', { id: 'ask-title' }, question),
    ...(shown.length ? [make('ul', { class: 'asked' }, ...shown)] : []),
    make('form', { method: 'dialog', class: 'row end' },
      make('button', { class: 'button plain', value: '' }, say('cancel')),
      make('button', { class: 'button', value: 'yes' }, say('go_on'))));
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => { dialog.remove(); resolve(dialog.returnValue === 'yes'); });
  });
}
