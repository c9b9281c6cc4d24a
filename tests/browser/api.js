// The JSON interface as a program meets it: by its own document. Every request and every answer is held to what the
// document says; a field that it does not name is a fault, too.

import assert from 'node:assert/strict';
import Ajv from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

/** Every object has the fields that are named and no other: the document lets more be added, these tests do not. */
function closed(value) {
  if (Array.isArray(value)) return value.map(closed);
  if (value === null || typeof value !== 'object') return value;
  const copy = Object.fromEntries(Object.entries(value).map(([name, part]) => [name, closed(part)]));
  return value.type === 'object' && value.properties ? { additionalProperties: false, ...copy } : copy;
}

const pointer = (...parts) => parts.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** Reads the document with a session of the browser's, and gives it and a way to call what it describes. */
export async function interfaceOf({ context }, program) {
  const { request } = context;
  const read = await request.get(`${program.admin}/api/openapi.json`);
  assert.equal(read.status(), 200);
  const document = await read.json();
  const ajv = new Ajv({ strict: false, allErrors: true });
  formats(ajv);
  ajv.addSchema({ ...closed(document), $id: 'document:' });

  /** Holds a value to the schema at a place of the document. */
  function hold(value, place, what) {
    const check = ajv.compile({ $ref: `document:#${place}` });
    assert.ok(check(value), `${what}: ${ajv.errorsText(check.errors)}\n${JSON.stringify(value)?.slice(0, 600)}`);
  }

  /** Calls `METHOD /path/{with}/places`; `path` fills them. Gives the answer, which has the status that is expected. */
  async function call(name, { path = {}, query = {}, body, status = 200 } = {}) {
    const [method, pattern] = name.split(' ');
    const operation = document.paths[pattern]?.[method.toLowerCase()];
    assert.ok(operation, `${name} is not described`);
    const known = operation.parameters.map((parameter) => parameter.name);
    for (const parameter of [...Object.keys(path), ...Object.keys(query)]) assert.ok(known.includes(parameter), `${name} has no ${parameter}`);
    const address = new URL(pattern.replace(/\{(\w+)\}/g, (_, place) => encodeURIComponent(path[place])), program.admin);
    for (const [key, value] of Object.entries(query)) address.searchParams.set(key, value);
    const at = pointer('paths', pattern, method.toLowerCase());
    let answer;
    if (method === 'GET') {
      answer = await request.get(address.href);
    } else {
      // What is wrong on purpose need not be as described.
      if (status === 200) hold(body ?? {}, `${at}/requestBody/content/application~1json/schema`, `what ${name} is sent`);
      const { csrf } = await (await request.get(`${program.admin}/api/session`)).json();
      answer = await request.post(address.href, { data: body ?? {}, headers: { 'X-CSRF-Token': csrf } });
    }
    const text = await answer.text();
    assert.equal(answer.status(), status, `${name}: ${text.slice(0, 600)}`);
    assert.ok(operation.responses[status], `${name} says nothing of ${status}`);
    const content = JSON.parse(text);
    const place = status === 200 ? `${at}/responses/200` : '/components/responses/Refused';
    hold(content, `${place}/content/application~1json/schema`, `what ${name} gives`);
    return content;
  }
  return { document, call };
}
