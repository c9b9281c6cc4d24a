// The editor of the menu: its buttons in a grid, the fields of the one that is chosen, what WeChat will show. The server
// turns it into the text of the owner's file and back; what is allowed is in `menu_model.js`.

import { $, $$, failed, make, post, say, toast } from './core.js';
import { areRight, bytes, faults, find, isGroup, listOf, mayDrop, most, needed, place, setType, target } from './menu_model.js';

const form = $('#menu'), text = $('#text'), grid = $('#grid'), which = $('#which'), outcome = $('#outcome');
const limits = JSON.parse(form.dataset.limits);
/** The menu, the conditional one that is shown (-1: everybody's), and the button that is chosen. */
let menu = form.dataset.menu ? JSON.parse(form.dataset.menu) : null;
let shown = -1, chosen = [0];
let view = 'text', dragged = null;
let past = [], future = [], lastLabel = '';
let kept = state();

const buttons = () => (shown < 0 ? menu : menu.conditional[shown]).button;
const button = () => find(buttons(), chosen);
const kindName = (kind) => $(`#b-type option[value="${CSS.escape(kind)}"]`)?.textContent ?? kind;

/** What would be lost with the page. */
function state() { return view === 'text' || !menu ? text.value : JSON.stringify(menu); }

/** Changes the menu so that it can be taken back. Changes with the same label, one after the other, are one. */
function change(label, work) {
  const before = JSON.stringify({ menu, shown, chosen });
  work();
  if (!label || label !== lastLabel) past.push(before);
  if (past.length > 200) past.shift();
  [future, lastLabel] = [[], label];
  draw();
}

function travel(from, to) {
  if (!from.length) return;
  to.push(JSON.stringify({ menu, shown, chosen }));
  ({ menu, shown, chosen } = JSON.parse(from.pop()));
  lastLabel = '';
  draw();
}

function choose(path, focus) {
  chosen = path;
  lastLabel = '';
  draw();
  if (focus) $(`[data-path="${path}"]`)?.focus();
}

function add(path) {
  change('', () => {
    const list = listOf(buttons(), path), top = buttons()[path[0]];
    if (path.length > 1 && top.type) {
      setType(top, '', limits);
      toast(say('menu_became_group', { name: top.name }), { label: say('undo'), action: () => travel(past, future) });
    }
    list.push({ name: say('menu_new_name'), type: 'click', key: '' });
    chosen = [...path.slice(0, -1), list.length - 1];
  });
  $('#b-name').focus();
  $('#b-name').select();
}

function remove() {
  if (!button()) return;
  const { name } = button();
  change('', () => {
    const list = listOf(buttons(), chosen);
    list.splice(chosen.at(-1), 1);
    if (!list.length && chosen.length > 1) { delete buttons()[chosen[0]].sub; chosen = [chosen[0]]; } else chosen = [...chosen.slice(0, -1), Math.max(0, Math.min(chosen.at(-1), list.length - 1))];
  });
  toast(say('menu_removed', { name }), { label: say('undo'), action: () => travel(past, future) });
  ($(`[data-path="${chosen}"]`) ?? $('.cell', grid)).focus();
}

function move(way) {
  const to = button() && target(buttons(), chosen, way, limits);
  if (to) put(chosen, to);
}

function put(from, to) {
  change('', () => {
    place(buttons(), from, to);
    if (from.length > 1 && !buttons()[from[0]].sub.length) delete buttons()[from[0]].sub;
    chosen = to;
  });
}

// Drawing: everything but the fields is made anew, and the focus goes to what stands where it was.

function draw() {
  const focused = document.activeElement?.dataset.path;
  if (shown >= (menu.conditional?.length ?? 0)) shown = -1;
  drawMenus();
  $('#count').textContent = `${buttons().length} / ${limits.top}`;
  const columns = buttons().map(column);
  if (buttons().length < limits.top) columns.push(make('div', { class: 'column' }, addCell([buttons().length])));
  grid.replaceChildren(...columns);
  if (focused) ($(`[data-path="${chosen}"]`) ?? $('.cell', grid))?.focus();
  drawFields();
  drawPreview();
  for (const [id, steps] of [['#undo', past], ['#redo', future]]) $(id).setAttribute('aria-disabled', String(!steps.length));
}

function drawMenus() {
  const name = (rule, at) => `${at + 1}. ${[rule.tag_id && `tag_id ${rule.tag_id}`, ['', 'iOS', 'Android', $('#r-platform option[value="3"]').textContent][rule.client_platform_type || 0]].filter(Boolean).join(' · ') || say('menu_no_rule')}`;
  which.replaceChildren(make('option', { value: -1 }, say('menu_everybody')), ...(menu.conditional ?? []).map((rule, at) => make('option', { value: at }, name(rule, at))));
  which.value = shown;
  $('#rule').hidden = $('#remove-menu').hidden = shown < 0;
  if (shown < 0) return;
  for (const field of $$('[data-rule]')) if (field !== document.activeElement) field.value = menu.conditional[shown][field.dataset.rule] ?? '';
}

function column(top, at) {
  const behind = (top.sub ?? []).map((sub, index) => cell(sub, [at, index]));
  if ((top.sub?.length ?? 0) < limits.behind) behind.push(addCell([at, top.sub?.length ?? 0]));
  return make('div', { class: 'column' }, ...behind, cell(top, [at]));
}

function cell(own, path) {
  const isWrong = faults(own, path.length === 1, limits).length > 0;
  const label = [own.name || say('menu_no_name'), isGroup(own) ? say('menu_group', { n: own.sub.length, of: limits.behind }) : kindName(own.type ?? ''), isWrong && say('menu_wrong')];
  const made = make('button', {
    type: 'button', class: `cell${path.length === 1 ? ' top' : ''}${isWrong ? ' wrong' : ''}`, 'data-path': path, draggable: 'true',
    'aria-pressed': String(String(path) === String(chosen)), 'aria-label': label.filter(Boolean).join(' · '), onclick: () => choose(path),
  }, make('span', { class: 'cell-name' }, own.name || '—'), make('span', { class: 'cell-kind' }, `${isWrong ? '! ' : ''}${label[1]}`));
  made.addEventListener('dragstart', (event) => { dragged = path; event.dataTransfer.setData('text/plain', own.name); });
  made.addEventListener('dragend', () => { dragged = null; });
  return droppable(made, path);
}

function addCell(path) {
  const label = path.length === 1 ? say('menu_add') : say('menu_add_behind', { name: buttons()[path[0]].name });
  return droppable(make('button', { type: 'button', class: 'cell add', 'data-path': path, 'aria-label': label, title: label, onclick: () => add(path) }, '+'), path);
}

function droppable(made, path) {
  // Dropped on the cell that adds, it becomes the last one.
  const goal = () => (dragged && made.classList.contains('add') && String(dragged.slice(0, -1)) === String(path.slice(0, -1)) ? [...path.slice(0, -1), path.at(-1) - 1] : path);
  made.addEventListener('dragover', (event) => {
    if (!dragged || !mayDrop(buttons(), dragged, goal(), limits)) return;
    event.preventDefault();
    made.classList.add('over');
  });
  made.addEventListener('dragleave', () => made.classList.remove('over'));
  made.addEventListener('drop', (event) => {
    if (!dragged || !mayDrop(buttons(), dragged, goal(), limits)) return;
    event.preventDefault();
    const [from, to] = [dragged, goal()];
    dragged = null;
    put(from, to);
  });
  return made;
}

function drawFields() {
  const own = button();
  $('#button').disabled = !own;
  if (!own) { for (const field of $$('[data-field]')) field.value = ''; return; }
  const isTop = chosen.length === 1, wrong = new Map(faults(own, isTop, limits));
  $('#chosen').textContent = isTop ? say('menu_at', { n: chosen[0] + 1 }) : say('menu_behind', { n: chosen[0] + 1, m: chosen[1] + 1 });
  $('#b-deed').hidden = isGroup(own);
  $('#b-opens').hidden = !isGroup(own);
  $('#b-type').value = own.type ?? '';
  $('#c-type').textContent = wrong.has('type') ? say('menu_missing') : '';
  for (const field of $$('[data-field]')) {
    const name = field.dataset.field, value = own[name] ?? '';
    if (field.value !== value) field.value = value;
    const holder = field.closest('[data-for]');
    if (holder) holder.hidden = !needed(own.type, limits).includes(name);
    told($(`#c-${name}`), field, wrong.get(name), bytes(value), most(name, isTop, limits));
  }
  for (const control of $$('[data-move]')) control.setAttribute('aria-disabled', String(!target(buttons(), chosen, control.dataset.move, limits)));
}

/** How many bytes of how many, and what is wrong, beside the field. */
function told(place, field, fault, length, limit) {
  const why = { missing: say('menu_missing'), long: say('menu_long'), address: say('menu_address'), appid: say('menu_appid') }[fault];
  place.textContent = [limit && say('menu_bytes', { n: length, of: limit }), why].filter(Boolean).join(' · ');
  place.classList.toggle('fault', Boolean(why));
  field.setAttribute('aria-invalid', String(Boolean(why)));
}

/** The bottom of a chat, with the buttons behind the chosen one open. */
function drawPreview() {
  const open = buttons()[chosen[0]];
  const bar = buttons().map((top, at) => make('button', { type: 'button', 'aria-expanded': String(isGroup(top) && at === chosen[0]), onclick: () => choose([at]) }, isGroup(top) ? make('span', { class: 'lines', 'aria-hidden': 'true' }, '≡ ') : '', make('span', {}, top.name)));
  const behind = isGroup(open) ? [make('ul', { class: `wx-open at-${chosen[0]} of-${buttons().length}` }, ...open.sub.map((sub) => make('li', {}, sub.name)))] : [];
  $('#preview').replaceChildren(...behind, make('div', { class: 'wx-bar' }, make('span', { class: 'wx-keys', 'aria-hidden': 'true' }, '⌨'), ...bar));
}

// What the server is asked.

async function ask(deed) {
  const json = { do: deed, account: form.elements.account?.value ?? '', text: text.value };
  if (view === 'buttons') json.menu = menu;
  return post('/api/menu', { json });
}

async function act(deed) {
  let answer;
  try {
    answer = await ask(deed);
  } catch (error) {
    if (!error.answer?.error) { failed(error); return; }
    answer = error.answer;
  }
  if (answer.text !== undefined) text.value = answer.text;
  if (deed === 'pull' && answer.menu && !answer.error) change('', () => { ({ menu } = answer); [shown, chosen] = [-1, [0]]; });
  if (answer.error) tell('bad', 'alert', answer.error, answer.mistakes);
  else tell('good', 'status', answer.says, [], answer.lines);
  if (!answer.error && ['save', 'push'].includes(deed)) kept = state();
}

function tell(kind, role, says, details = [], lines = []) {
  const line = (text) => make('span', { class: { '+': 'plus', '-': 'minus' }[text[0]] }, `${text}\n`);
  const note = make('section', { class: `note ${kind}`, role }, make('p', {}, says), ...details.map((detail) => make('p', { class: 'detail' }, detail)));
  if (lines.length) note.append(make('pre', { tabindex: '0', class: 'diff' }, ...lines.map(line)));
  outcome.replaceChildren(note);
  note.scrollIntoView({ block: 'nearest' });
}

async function show(wanted) {
  const isClean = kept === state();
  if (view !== wanted && (view === 'buttons' || text.value !== text.dataset.shown || !menu)) {
    // The same menu in its other form.
    try {
      const answer = await ask('check');
      if (!answer.menu) { tell('bad', 'alert', answer.error, answer.mistakes); return; }
      if (view === 'text' && JSON.stringify(answer.menu) !== JSON.stringify(menu)) { past = []; future = []; ({ menu } = answer); [shown, chosen] = [-1, [0]]; }
      text.value = answer.text;
    } catch (error) { failed(error); return; }
  }
  view = wanted;
  text.dataset.shown = text.value;
  $('#as-text').hidden = view !== 'text';
  $('#as-buttons').hidden = $('#undo').hidden = $('#redo').hidden = view !== 'buttons';
  for (const control of $$('[data-view]')) control.setAttribute('aria-pressed', String(control.dataset.view === view));
  if (view === 'buttons') draw();
  if (isClean) kept = state();
}

// What the owner does.

for (const control of $$('[data-view]')) control.addEventListener('click', () => show(control.dataset.view));
for (const control of $$('[data-move]')) control.addEventListener('click', () => move(control.dataset.move));
for (const field of $$('[data-field]')) {
  field.addEventListener('input', () => change(`${field.dataset.field} ${chosen}`, () => {
    if (field.value || field.dataset.field === 'name') button()[field.dataset.field] = field.value; else delete button()[field.dataset.field];
  }));
}
for (const field of $$('[data-rule]')) {
  field.addEventListener('input', () => change(`${field.dataset.rule} ${shown}`, () => { menu.conditional[shown][field.dataset.rule] = field.value; }));
}
$('#b-type').addEventListener('change', (event) => change('', () => { setType(button(), event.target.value, limits); }));
$('#remove').addEventListener('click', remove);
$('#undo').addEventListener('click', () => travel(past, future));
$('#redo').addEventListener('click', () => travel(future, past));
which.addEventListener('change', () => { shown = Number(which.value); choose([0]); });
$('#add-menu').addEventListener('click', () => change('', () => {
  menu.conditional = [...(menu.conditional ?? []), { tag_id: '', client_platform_type: '1', button: structuredClone(menu.button) }];
  [shown, chosen] = [menu.conditional.length - 1, [0]];
}));
$('#remove-menu').addEventListener('click', () => change('', () => { menu.conditional.splice(shown, 1); [shown, chosen] = [-1, [0]]; }));

grid.addEventListener('keydown', (event) => {
  const path = event.target.dataset.path?.split(',').map(Number);
  const way = { ArrowUp: 'up', ArrowDown: 'down', ArrowLeft: 'left', ArrowRight: 'right' }[event.key];
  if (!path || (!way && event.key !== 'Delete')) return;
  event.preventDefault();
  if (event.key === 'Delete') { if (find(buttons(), path)) { choose(path, true); remove(); } return; }
  if (event.altKey) { if (find(buttons(), path)) { chosen = path; move(way); } return; }
  const cells = $$('.column', grid).map((one) => $$('.cell', one));
  const at = cells.findIndex((one) => one.includes(event.target)), line = cells[at].indexOf(event.target);
  const next = { up: cells[at][line - 1], down: cells[at][line + 1], left: cells[at - 1]?.at(line - cells[at].length), right: cells[at + 1]?.at(line - cells[at].length) }[way] ?? { left: cells[at - 1]?.[0], right: cells[at + 1]?.[0] }[way];
  next?.focus();
});
addEventListener('keydown', (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.isComposing) return;
  const key = event.key.toLowerCase();
  // In a field the browser takes back what was typed.
  if (view !== 'buttons' || event.target.closest('input, textarea, select')) return;
  if (key === 'z' && !event.shiftKey) { event.preventDefault(); travel(past, future); }
  if (key === 'y' || (key === 'z' && event.shiftKey)) { event.preventDefault(); travel(future, past); }
});
form.addEventListener('submit', (event) => {
  event.preventDefault();
  const deed = event.submitter?.value ?? 'check';
  if (view === 'buttons' && ['save', 'push'].includes(deed) && !areRight(buttons(), limits)) firstWrong();
  act(deed);
});
addEventListener('beforeunload', (event) => { if (state() !== kept) event.preventDefault(); });

/** Chooses the first button with a fault, so that its field says what it is. */
function firstWrong() {
  const wrong = $('.cell.wrong', grid);
  if (wrong) choose(wrong.dataset.path.split(',').map(Number));
}

$('#views').hidden = false;
text.dataset.shown = text.value;
if (menu) show('buttons'); else show('text');
