// What WeChat would show of an answer. It is read here and drawn: a text may hold links, of which those that send a
// text are tapped; pictures, speech, films and music are cards; everything else is plain text. Never markup.

import { make, say } from './core.js';

/** The bubbles of an answer, each a list of its parts; a string instead if the phone shows none, and why. */
export function bubbles({ status, opened, file }, tap) {
  if (status !== 200) return [{ failed: true, parts: [`HTTP ${status}`] }];
  if (opened === '' || opened === 'success') return say('sim_nothing');
  const xml = new DOMParser().parseFromString(opened, 'text/xml');
  const of = (name, from = xml) => from.querySelector(name)?.textContent ?? '';
  const kind = of('MsgType');
  switch (kind) {
    case 'text': return [{ parts: rich(of('Content'), tap) }];
    case 'news': return [...xml.querySelectorAll('item')].map((item) => ({ parts: [card(of('Title', item), of('Description', item), of('Url', item))] }));
    case 'image': return [{ parts: [medium(say('sim_shows_image'), of('MediaId'), file, true)] }];
    case 'voice': return [{ parts: [medium(say('sim_shows_voice'), of('MediaId'), file)] }];
    case 'video': return [{ parts: [medium(say('sim_shows_video'), of('MediaId'), file), card(of('Title'), of('Description'), '')] }];
    case 'music': return [{ parts: [card(`♪ ${of('Title')}`, of('Description'), of('MusicUrl') || of('HQMusicUrl'))] }];
    case 'transfer_customer_service': return say('sim_shows_desk');
    default: return [{ failed: true, parts: [say('sim_unreadable')] }];
  }
}

/** What comes without having been asked for. */
export function unasked(message, tap) {
  if (message.type === 'text') return rich(message.text, tap);
  if (message.type === 'news') return [card(message.title, message.description, message.url)];
  return [medium(message.type === 'image' ? say('sim_shows_image') : say('sim_shows_voice'), message.media_id)];
}

function card(title, description, url) {
  return make('span', { class: 'article' }, make('strong', {}, title), description, isWeb(url) ? outward(url, url) : '');
}

function medium(name, id, file, isPicture = false) {
  const picture = isPicture && file ? [make('img', { src: `/media/picture?file=${encodeURIComponent(file)}`, alt: file, class: 'shown' })] : [];
  return make('span', { class: 'article' }, make('strong', {}, name), ...picture, make('code', {}, file ?? id));
}

/** Text with the platform's links. Anything that is not exactly such a link stays text. */
export function rich(content, tap) {
  const parts = [];
  let from = 0;
  for (const link of content.matchAll(/<a\s+([^>]*)>([^<]*)<\/a>/g)) {
    parts.push(plain(content.slice(from, link.index)));
    from = link.index + link[0].length;
    parts.push(anchor(link[1], plain(link[2]), tap));
  }
  parts.push(plain(content.slice(from)));
  return parts;
}

const plain = (escaped) => escaped.replace(/&(lt|gt|quot|amp|#39|apos);/g, (_, name) => ({ lt: '<', gt: '>', quot: '"', amp: '&', '#39': "'", apos: "'" })[name]);
export const isWeb = (url) => /^https?:\/\//.test(url);
export const outward = (url, label) => make('a', { href: url, target: '_blank', rel: 'noopener noreferrer' }, label);

function anchor(attributes, label, tap) {
  const of = (name) => plain(attributes.match(new RegExp(`(?:^|\\s)${name}=(?:"([^"]*)"|'([^']*)')`))?.slice(1).find((value) => value !== undefined) ?? '');
  const url = of('href');
  if (isWeb(url)) return outward(url, label);
  if (of('data-miniprogram-appid')) return make('u', { title: of('data-miniprogram-path') }, label);
  if (!url.startsWith('weixin:' + '//bizmsgmenu')) return label;
  const query = new URLSearchParams(url.split('?')[1]);
  const text = query.get('msgmenucontent') ?? label;
  const link = make('a', { href: '#', role: 'button' }, label);
  link.addEventListener('click', (event) => { event.preventDefault(); tap(text, query.get('msgmenuid') ?? undefined); });
  return link;
}
