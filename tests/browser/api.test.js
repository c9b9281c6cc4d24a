// The JSON interface: its document is one that programs can read, and every answer is as the document says.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { interfaceOf } from './api.js';
import { GOOD_TOKEN, enter, open, start } from './support.js';
import { furnish } from './furniture.js';

let program, view, api, there;

before(async () => {
  program = await start();
  view = await open();
  await enter(view, program);
  api = await interfaceOf(view, program);
  there = await furnish(view, program, api);
}, { timeout: 90_000 });

after(async () => {
  await view?.browser.close();
  assert.equal(await program?.stop(), 0, 'the program ends cleanly');
});

test('the document is one of OpenAPI 3.1', async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(structuredClone(api.document));
  assert.ok(valid, JSON.stringify(errors, null, 1));
  assert.equal(validator.version, '3.1');
  assert.ok((await validator.validate({ ...api.document, paths: { x: 3 } })).valid === false, 'the validator sees what is wrong');
});

test('everything that is read is as the document says', async () => {
  let read = 0;
  for (const [pattern, { get }] of Object.entries(api.document.paths)) {
    if (!get) continue;
    const places = get.parameters.filter(({ in: where }) => where === 'path').map(({ name }) => [name, there.place(pattern, name)]);
    if (places.some(([, value]) => value === undefined)) continue;
    await api.call(`GET ${pattern}`, { path: Object.fromEntries(places), query: there.query[pattern] });
    read += 1;
  }
  assert.ok(read >= 32, `only ${read} were read`);
  await api.call('GET /api/log', { query: { level: 'warn', lines: 5 } });
  await api.call('GET /api/books', { query: { q: '书' } });
  await api.call('GET /api/log', { query: { level: 'loud' }, status: 422 });
  await api.call('GET /api/books/{id}', { path: { id: 999999 }, status: 404 });
});

test('what is refused says why, in the form that the document gives', async () => {
  await api.call('POST /api/articles/{slug}/publish', { path: { slug: 'nobody' }, status: 404 });
  await api.call('POST /api/keywords', { body: { do: 'save', text: '[[reply]]' }, status: 422 });
  await api.call('POST /api/wordings', { body: { wordings: { help: '{no_such_place}' } }, status: 422 });
  await api.call('POST /api/tokens/{account}/set', { path: { account: 'books' }, body: { token: 'x', seconds: 0 }, status: 422 });
  await api.call('POST /api/deliveries/{id}/retry', { path: { id: 12345 }, status: 404 });
  await api.call('POST /api/keywords', { body: [], status: 400 });
  const stranger = await fetch(`${program.admin}/api/counts`);
  assert.equal(stranger.status, 401);
  const unsigned = await view.context.request.post(`${program.admin}/api/keys`, { data: {} });
  assert.equal(unsigned.status(), 403, 'a change without the token');
});

test('what is changed is changed, and seen at once', async () => {
  await api.call('POST /api/tokens/{account}/set', { path: { account: 'books' }, body: { token: GOOD_TOKEN, seconds: 7200 } });
  const shown = await api.call('POST /api/tokens/{account}/show', { path: { account: 'books' } });
  assert.equal(shown.access_token, GOOD_TOKEN);
  const { items: [token] } = await api.call('GET /api/tokens');
  assert.ok(token.expires_in > 7000 && !JSON.stringify(token).includes(GOOD_TOKEN));

  const made = await api.call('POST /api/keys', { body: { name: 'crm', scopes: ['token:read'], days: 30 } });
  await api.call('POST /api/keys/{id}/revoke', { path: { id: made.id } });
  await api.call('POST /api/wordings', { body: { wordings: {} } });
  const tried = await api.call('POST /api/keywords', { body: { do: 'try', text: there.keywords, tried: '地址' } });
  assert.equal(tried.hit.what, 'rule');
  const { digest } = await api.call('GET /api/settings');
  await api.call('POST /api/settings', { body: { digest, set: { 'limits.searches_per_day': '501' } } });
  await api.call('POST /api/sources/{name}', { path: { name: there.source }, body: { do: 'pause' } });
  assert.equal((await api.call('GET /api/sources/{name}', { path: { name: there.source } })).is_paused, true);
});
