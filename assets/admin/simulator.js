// The chat of a test follower. The server signs and sends; here a reply is only read and drawn, as the phone would:
// its text may hold links, of which those that send a text are tapped, and everything else is plain text.

import { $, $$, failed, make, post, say } from './core.js';

const chat = $('#chat');
if (chat) {
  const account = $('#account'), follower = $('#follower'), text = $('#text'), again = $('#again');
  let last;

  const invent = () => `sim-${[...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
  const kept = localStorage.getItem('follower');
  setFollower(kept?.startsWith('sim-') ? kept : invent());

  function setFollower(name) {
    follower.value = name;
    localStorage.setItem('follower', name);
    chat.replaceChildren();
    last = undefined;
    again.disabled = true;
  }

  $('#other').addEventListener('click', () => setFollower(invent()));
  account.addEventListener('change', () => { $('#phone-name').textContent = account.value; setFollower(follower.value); });
  $('#say').addEventListener('submit', (event) => {
    event.preventDefault();
    const content = text.value.trim();
    if (!content) return;
    text.value = '';
    mine(content);
    send({ kind: 'text', text: content });
  });
  for (const button of $$('[data-do]')) button.addEventListener('click', () => act(button.dataset.do));
  again.addEventListener('click', () => { aside(say('sim_again')); send(last.message, last.sent); });

  async function act(kind) {
    let content = '';
    if (kind === 'click' || kind === 'voice') {
      content = await ask(kind === 'click' ? say('sim_click_title') : say('sim_voice_title'));
      if (content === undefined) return;
    }
    if (kind === 'subscribe') aside(say('sim_subscribe'));
    if (kind === 'unsubscribe') aside(say('sim_unsubscribe'));
    if (kind === 'click') aside(say('sim_click', { key: content }));
    if (kind === 'voice') mine(say('sim_voice', { text: content }));
    if (kind === 'image') mine(say('sim_image'));
    send({ kind, text: content });
  }

  function ask(title) {
    const dialog = $('#event'), field = $('#event-text');
    $('#event-title').textContent = title;
    field.value = '';
    dialog.returnValue = '';
    dialog.showModal();
    field.focus();
    return new Promise((resolve) => {
      dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes' ? field.value : undefined), { once: true });
    });
  }

  async function send(message, sent) {
    const waiting = aside(say('sim_wait'));
    try {
      const heard = await post('/simulator/send', { json: { account: account.value, follower: follower.value, ...message, again: sent } });
      last = { message, sent: heard.sent };
      again.disabled = false;
      waiting.remove();
      hear(heard);
      wire(heard);
    } catch (error) {
      waiting.remove();
      failed(error);
    }
  }

  // ---- what came back ----

  function hear({ status, opened }) {
    if (status !== 200) { bubble('theirs failed', `HTTP ${status}`); return; }
    if (opened === '' || opened === 'success') { aside(say('sim_nothing')); return; }
    const xml = new DOMParser().parseFromString(opened, 'text/xml');
    const of = (name, from = xml) => from.querySelector(name)?.textContent ?? '';
    const kind = of('MsgType');
    if (kind === 'text') bubble('theirs', ...rich(of('Content')));
    else if (kind === 'news') for (const item of xml.querySelectorAll('item')) bubble('theirs', card(of('Title', item), of('Description', item), of('Url', item)));
    else if (kind) bubble('theirs', `[${kind}] ${of('MediaId')}`);
    else bubble('theirs failed', say('sim_unreadable'));
  }

  function card(title, description, url) {
    return make('span', { class: 'article' }, make('strong', {}, title), description, isWeb(url) ? outward(url, url) : '');
  }

  /** Text with the platform's links. Anything that is not exactly such a link stays text. */
  function rich(content) {
    const parts = [];
    let from = 0;
    for (const link of content.matchAll(/<a\s+href=(?:"([^"]*)"|'([^']*)')[^>]*>([^<]*)<\/a>/g)) {
      parts.push(plain(content.slice(from, link.index)));
      from = link.index + link[0].length;
      parts.push(anchor(plain(link[1] ?? link[2]), plain(link[3])));
    }
    parts.push(plain(content.slice(from)));
    return parts;
  }

  const plain = (escaped) => escaped.replace(/&(lt|gt|quot|amp|#39|apos);/g, (_, name) => ({ lt: '<', gt: '>', quot: '"', amp: '&', '#39': "'", apos: "'" })[name]);
  const isWeb = (url) => /^https?:\/\//.test(url);
  const outward = (url, label) => make('a', { href: url, target: '_blank', rel: 'noopener noreferrer' }, label);

  function anchor(url, label) {
    if (isWeb(url)) return outward(url, label);
    if (!url.startsWith('weixin:' + '//bizmsgmenu')) return label;
    const query = new URLSearchParams(url.split('?')[1]);
    const content = query.get('msgmenucontent') ?? label;
    const tap = make('a', { href: '#', role: 'button' }, label);
    tap.addEventListener('click', (event) => {
      event.preventDefault();
      mine(content);
      send({ kind: 'text', text: content, menu_id: query.get('msgmenuid') ?? undefined });
    });
    return tap;
  }

  function bubble(kind, ...parts) { return put(make('div', { class: `line ${kind}` }, make('div', { class: 'bubble' }, ...parts))); }
  function mine(content) { return bubble('mine', content); }
  function aside(content) { return put(make('div', { class: 'line aside' }, content)); }
  function put(row) { chat.append(row); chat.scrollTop = chat.scrollHeight; return row; }

  function wire(heard) {
    $('#no-wire').hidden = true;
    $('#wire').hidden = false;
    $('#wire-status').textContent = say('sim_status', { status: heard.status, ms: heard.milliseconds, id: heard.sent.msg_id });
    $('#wire-message').textContent = heard.message;
    $('#wire-query').textContent = heard.query.replaceAll('&', '\n');
    $('#wire-pushed').textContent = heard.pushed;
    $('#wire-pushed-box').hidden = !heard.pushed;
    $('#wire-opened').textContent = heard.opened;
    $('#wire-answered').textContent = heard.answered;
    $('#wire-answered-box').hidden = heard.answered === heard.opened;
  }
}
