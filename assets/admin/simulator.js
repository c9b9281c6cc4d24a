// The chat of test followers. The server writes and signs what they send, and the real callback answers; here there is
// only the conversation. Several of them can be played in turn; what they said stays until the tab is closed.

import { $, $$, failed, make, post, say } from './core.js';
import { bubbles, isWeb, outward, unasked } from './phone.js';

const MOST_LINES = 80;
const LOOK_EVERY = 10_000;
const root = $('#bench');
if (root) begin(JSON.parse(root.dataset.bench));

function begin({ accounts, kinds, menu, is_example: isExample, text_limit: limit }) {
  const chat = $('#chat'), account = $('#account'), mode = $('#mode'), follower = $('#follower'), kind = $('#kind');
  const again = $('#again'), twice = $('#twice');
  const state = remembered();
  let last;

  // ---- who talks, to whom, and how ----

  for (const { name } of accounts) account.append(make('option', {}, name));
  if (accounts.some(({ name }) => name === state.account)) account.value = state.account;
  account.addEventListener('change', arrive);
  follower.addEventListener('change', arrive);
  mode.addEventListener('change', () => { state.mode = mode.value; remember(); });
  $('#other').addEventListener('click', () => { state.followers.push(invent()); listFollowers(state.followers.at(-1)); arrive(); });
  $('#clear').addEventListener('click', () => { delete state.chats[place()]; arrive(); });
  listFollowers(state.follower);

  function listFollowers(chosen) {
    follower.replaceChildren(...state.followers.map((name, index) => make('option', { value: name }, say('sim_follower', { n: index + 1, name }))));
    follower.value = state.followers.includes(chosen) ? chosen : state.followers[0];
  }

  /** Shows the chat of who is chosen. */
  function arrive() {
    const chosen = accounts.find(({ name }) => name === account.value);
    for (const option of mode.options) option.disabled = !chosen.modes.includes(option.value);
    if (state.account !== account.value || !chosen.modes.includes(state.mode)) state.mode = chosen.mode;
    mode.value = state.mode;
    state.account = account.value;
    state.follower = follower.value;
    $('#phone-name').textContent = chosen.name;
    last = undefined;
    again.disabled = twice.disabled = true;
    chat.replaceChildren();
    (state.chats[place()] ?? []).forEach(draw);
    linkPage();
    remember();
    look();
  }

  function place() { return `${account.value}/${follower.value}`; }
  function linkPage() {
    const id = state.ids[place()];
    $('#follower-page').hidden = !id;
    if (id) $('#follower-page').href = `/followers/${encodeURIComponent(id)}`;
  }

  // ---- what is said ----

  $('#say').addEventListener('submit', (event) => {
    event.preventDefault();
    const content = $('#text').value.trim();
    if (!content) return;
    $('#text').value = '';
    sayText(content);
  });
  for (const button of $$('[data-do]')) button.addEventListener('click', () => act(button.dataset.do, {}));
  again.addEventListener('click', () => { line({ aside: say('sim_again') }); send(last.message, last.heard.sent); });
  twice.addEventListener('click', repeat);

  function sayText(content, id) {
    line({ mine: content });
    send({ kind: 'text', fields: id === undefined ? { Content: content } : { Content: content, bizmsgmenuid: id } });
  }

  /** Sends anything else, and shows it as the phone shows what its owner does. */
  function act(name, fields) {
    const { label, group, fields: parts } = kinds.find((one) => one.name === name);
    const shown = parts.map((part) => fields[part.path] ?? (part.optional ? '' : part.sample));
    const key = parts.findIndex((part) => ['EventKey', 'Content', 'Recognition', 'Label', 'Title'].includes(part.path));
    const what = shown[key] ? say('sim_did', { what: label, with: shown[key] }) : label;
    if (name === 'text') line({ mine: shown[key] });
    else line(group === 'message' ? { mine: what } : { aside: what });
    return send({ kind: name, fields });
  }

  async function send(message, sent) {
    // Another follower may be chosen before the answer is there.
    const where = place(), waiting = put('aside', say('sim_wait'));
    try {
      const heard = await ask(message, sent);
      waiting.remove();
      if (heard.id) state.ids[where] = heard.id;
      line({ heard: { status: heard.status, opened: heard.opened, file: heard.file } }, where);
      if (place() !== where) return;
      last = { message, heard };
      again.disabled = twice.disabled = false;
      linkPage();
      wire(heard);
      look();
    } catch (error) {
      waiting.remove();
      failed(error);
    }
  }

  function ask(message, again) {
    return post('/api/simulator/send', { json: { account: account.value, follower: follower.value, mode: mode.value, ...message, again } });
  }

  /** As the platform does when it gets no answer: the same message, three times in all. */
  async function repeat() {
    const { message, heard } = last;
    const content = ({ status, opened }) => status + opened.replace(/<CreateTime>\d+<\/CreateTime>/, '');
    again.disabled = twice.disabled = true;
    try {
      const others = [await ask(message, heard.sent), await ask(message, heard.sent)];
      const isSame = others.every((other) => content(other) === content(heard));
      wire(others[1]);
      const verdict = $('#verdict');
      verdict.hidden = false;
      verdict.className = isSame ? 'note good' : 'note bad';
      verdict.textContent = isSame ? say('sim_same') : say('sim_different');
    } catch (error) {
      failed(error);
    }
    again.disabled = twice.disabled = false;
  }

  // ---- the form of everything else ----

  for (const one of kinds) $(`optgroup[data-group="${one.group}"]`).append(make('option', { value: one.name }, `${one.label} · ${one.name}`));
  kind.addEventListener('change', () => offer(kind.value));
  $('#other-form').addEventListener('submit', (event) => {
    event.preventDefault();
    act(kind.value, Object.fromEntries($$('#fields input').map((input) => [input.name, input.value])));
  });
  offer(kind.value);

  function offer(name, preset = {}) {
    kind.value = name;
    const { fields } = kinds.find((one) => one.name === name);
    $('#fields').replaceChildren(...fields.map(({ path, name: element, sample, optional }) => {
      const id = `field-${path.replaceAll('/', '-')}`;
      const input = make('input', { id, name: path, autocomplete: 'off', spellcheck: 'false', placeholder: optional ? sample : '' });
      input.value = preset[path] ?? (optional ? '' : sample);
      return make('div', {}, make('label', { for: id }, element, optional ? make('span', { class: 'soft' }, ` ${say('sim_optional')}`) : ''), input);
    }));
  }

  // ---- the menu below the chat ----

  $('#menu-hint').hidden = !isExample;
  $('#menu').replaceChildren(...menu.map((button) => {
    const box = make('button', { type: 'button', 'aria-expanded': button.sub?.length ? 'false' : undefined, 'aria-controls': button.sub?.length ? 'sub' : undefined }, button.name);
    box.addEventListener('click', () => { if (button.sub?.length) openSub(box, button.sub); else { closeSub(); tapMenu(button); } });
    return box;
  }));

  function closeSub() {
    $('#sub').hidden = true;
    for (const open of $$('#menu [aria-expanded="true"]')) open.setAttribute('aria-expanded', 'false');
  }

  function openSub(box, buttons) {
    const wasOpen = box.getAttribute('aria-expanded') === 'true';
    closeSub();
    if (wasOpen) return;
    box.setAttribute('aria-expanded', 'true');
    $('#sub').hidden = false;
    $('#sub').replaceChildren(...buttons.map((button) => make('button', { type: 'button', onclick: () => { closeSub(); tapMenu(button); } }, button.name)));
  }

  function tapMenu(button) {
    if (button.type === 'click') return act('CLICK', { EventKey: button.key });
    if (button.type === 'miniprogram') return act('view_miniprogram', { EventKey: button.pagepath ?? '' });
    if (button.type === 'view') {
      line({ opens: button.url });
      return act('VIEW', { EventKey: button.url });
    }
    if (!kinds.some(({ name }) => name === button.type)) return line({ aside: say('sim_by_platform', { name: button.name }) });
    // What is scanned, photographed or chosen has to be said.
    offer(button.type, { EventKey: button.key });
    return $('#fields input:not([name="EventKey"])').focus();
  }

  // ---- the chat, and what was sent and came back ----

  function line(entry, where = place()) {
    const lines = (state.chats[where] ??= []);
    lines.push(entry);
    lines.splice(0, lines.length - MOST_LINES);
    remember();
    if (where === place()) draw(entry);
  }

  function draw({ mine, aside, opens, heard }) {
    if (mine !== undefined) put('mine', make('div', { class: 'bubble' }, mine));
    if (aside !== undefined) put('aside', aside);
    if (opens !== undefined) put('aside', say('sim_opens'), ' ', isWeb(opens) ? outward(opens, opens) : opens);
    if (!heard) return;
    const shown = bubbles(heard, sayText);
    if (typeof shown === 'string') put('aside', shown);
    else for (const { failed: isFailed, parts } of shown) put(isFailed ? 'theirs failed' : 'theirs', make('div', { class: 'bubble' }, ...parts));
  }

  function put(kindOf, ...parts) {
    const row = make('div', { class: `line ${kindOf}` }, ...parts);
    chat.append(row);
    chat.scrollTop = chat.scrollHeight;
    return row;
  }

  function wire(heard) {
    $('#no-wire').hidden = true;
    $('#wire').hidden = false;
    $('#verdict').hidden = true;
    $('#wire-status').textContent = say('sim_status', { status: heard.status, ms: heard.milliseconds, id: heard.sent.msg_id });
    const bytes = heard.text_bytes;
    $('#wire-size-box').hidden = bytes === null;
    $('#wire-size-text').textContent = say('sim_bytes', { n: bytes, most: limit });
    Object.assign($('#wire-size'), { max: limit, high: limit * 0.9, value: bytes ?? 0 });
    $('#wire-message').textContent = heard.message;
    $('#wire-query').textContent = heard.query.replaceAll('&', '\n');
    $('#wire-pushed').textContent = heard.pushed;
    $('#wire-pushed-box').hidden = !heard.pushed;
    $('#wire-opened').textContent = heard.opened;
    $('#wire-answered').textContent = heard.answered;
    $('#wire-answered-box').hidden = heard.answered === heard.opened;
  }

  // ---- what comes unasked ----

  /** Looks whether something waits for the follower. Nothing depends on it, so a failure is not told. */
  async function look() {
    const [of, who] = [account.value, follower.value];
    if (document.hidden || !state.ids[place()]) { $('#unasked').hidden = true; return; }
    const query = new URLSearchParams({ account: of, follower: who });
    const response = await fetch(`/api/simulator/waiting?${query}`, { headers: { Accept: 'application/json', 'X-Unattended': 'yes' } }).catch(() => undefined);
    if (!response?.ok || account.value !== of || follower.value !== who) return;
    const { message, by_itself: byItself } = await response.json();
    $('#unasked').hidden = !message;
    if (!message) return;
    $('#unasked-how').textContent = byItself ? say('sim_by_itself') : say('sim_with_next');
    $('#unasked-what').replaceChildren(make('div', { class: 'bubble' }, ...unasked(message, sayText)));
  }

  setInterval(look, LOOK_EVERY);

  function remember() { sessionStorage.setItem('simulator', JSON.stringify(state)); }
  arrive();
}

function remembered() {
  let state;
  try { state = JSON.parse(sessionStorage.getItem('simulator')); } catch { /* What cannot be read is begun anew. */ }
  return { followers: [invent()], ids: {}, chats: {}, ...state };
}

function invent() {
  return `sim-${[...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
