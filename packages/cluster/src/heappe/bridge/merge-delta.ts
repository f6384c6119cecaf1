import { type Fields, isFields } from './json.ts';

/** Words that are whole in one delta; if they come again they are the same. */
const whole: ReadonlySet<string> = new Set(['role', 'type', 'id', 'index', 'object']);

/**
 * What a message has become with one more delta, by the rules of OpenAI's own client (openai-python,
 * lib/streaming/_deltas.py): text is continued, objects go field by field, list entries with an `index` belong
 * together, other entries are added, null says nothing.
 */
export function mergeDelta(message: Fields, delta: Fields): Fields {
  const merged = new Map(Object.entries(message));
  for (const [name, value] of Object.entries(delta)) {
    const before = merged.get(name);
    merged.set(name, whole.has(name) ? first(before, value) : mergeValue(before, value));
  }
  return Object.fromEntries(merged);
}

function mergeValue(before: unknown, value: unknown): unknown {
  if (before === undefined || before === null)
    return Array.isArray(value) ? mergeList([], value) : value;
  if (value === undefined || value === null) return before;
  if (typeof before === 'string' && typeof value === 'string') return before + value;
  if (Array.isArray(before) && Array.isArray(value)) return mergeList(before, value);
  return isFields(before) && isFields(value) ? mergeDelta(before, value) : value;
}

/** Sorted by `index` where there is one; in place where there is none, as such lists may be as long as answers. */
function mergeList(before: unknown[], entries: readonly unknown[]): readonly unknown[] {
  if (entries.every((entry) => indexOf(entry) === null)) {
    for (const entry of entries) before.push(entry);
    return before;
  }
  const merged = [...before];
  for (const entry of entries) {
    const index = indexOf(entry);
    const at = index === null ? -1 : merged.findIndex((known) => indexOf(known) === index);
    const known = merged[at];
    if (at === -1) merged.push(entry);
    else if (isFields(known) && isFields(entry)) merged[at] = mergeDelta(known, entry);
  }
  return merged.sort((a, b) => (indexOf(a) ?? 0) - (indexOf(b) ?? 0));
}

function first(before: unknown, value: unknown): unknown {
  return before === undefined || before === null || before === '' ? value : before;
}

function indexOf(entry: unknown): number | null {
  return isFields(entry) && typeof entry.index === 'number' ? entry.index : null;
}
