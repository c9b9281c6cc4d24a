// A menu as its editor changes it: what may stand where, what is missing, how many bytes. Nothing of the page is here, and
// the limits come from the server.

export const bytes = (text) => new TextEncoder().encode(text).length;

/** The fields that a type needs. */
export const needed = (kind, limits) => limits.kinds.find(([name]) => name === kind)?.[1] ?? [];

export const isGroup = (button) => Boolean(button?.sub?.length);

/** The button at a path: [number], or [number, number behind it]. */
export const find = (buttons, [top, sub]) => (sub === undefined ? buttons[top] : buttons[top]?.sub?.[sub]);

/** The list that a path leads into. */
export function listOf(buttons, [top, sub]) {
  if (sub === undefined) return buttons;
  buttons[top].sub ??= [];
  return buttons[top].sub;
}

/** Whether one more can stand behind a button. */
export const takesMore = (button, limits) => Boolean(button) && (isGroup(button) || !button.type) && (button.sub?.length ?? 0) < limits.behind;

const STEPS = { up: [0, -1], down: [0, 1], left: [-1, 0], right: [1, 0] };

/** Where a step leads from a path; undefined if nowhere. */
export function target(buttons, [top, sub], way, limits) {
  const [across, along] = STEPS[way];
  if (sub === undefined) return across && buttons[top + across] ? [top + across] : undefined;
  if (along) return buttons[top].sub[sub + along] ? [top, sub + along] : undefined;
  const other = buttons[top + across];
  return takesMore(other, limits) ? [top + across, Math.min(sub, other.sub?.length ?? 0)] : undefined;
}

/** Whether what is dragged from one path may be dropped at another. */
export function mayDrop(buttons, from, to, limits) {
  if (from.length !== to.length || String(from) === String(to)) return false;
  return from.length === 1 || from[0] === to[0] || takesMore(buttons[to[0]], limits);
}

/** Takes a button out and puts it in elsewhere. */
export function place(buttons, from, to) {
  const [button] = listOf(buttons, from).splice(from.at(-1), 1);
  listOf(buttons, to).splice(to.at(-1), 0, button);
}

/** Gives a button another type; what the new one does not need goes. */
export function setType(button, kind, limits) {
  const kept = needed(kind, limits);
  for (const field of Object.keys(button)) {
    if (!['name', ...kept].includes(field)) delete button[field];
  }
  if (kind) button.type = kind;
}

/** How many bytes a field may have; undefined: as many as one likes. */
export function most(field, isTop, limits) {
  return { name: isTop ? limits.top_name : limits.behind_name, key: limits.key, url: limits.url }[field];
}

/** What is wrong with a button: the field, and why, as the key of a text. */
export function faults(button, isTop, limits) {
  const wrong = [];
  const judge = (field) => {
    const value = button[field] ?? '';
    if (!value.trim()) wrong.push([field, 'missing']);
    else if (bytes(value) > (most(field, isTop, limits) ?? Infinity)) wrong.push([field, 'long']);
    else if (field === 'url' && !/^https?:[/][/]./i.test(value)) wrong.push([field, 'address']);
    else if (field === 'appid' && !value.startsWith('wx')) wrong.push([field, 'appid']);
  };
  judge('name');
  if (isGroup(button)) return wrong;
  if (!button.type) wrong.push(['type', 'missing']);
  needed(button.type, limits).forEach(judge);
  return wrong;
}

/** Whether anything is wrong with a list of buttons. */
export const areRight = (buttons, limits) => buttons.length > 0 && buttons.length <= limits.top && buttons.every((button) => (
  !faults(button, true, limits).length && (button.sub ?? []).length <= limits.behind
  && (button.sub ?? []).every((sub) => !faults(sub, false, limits).length)));
