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
