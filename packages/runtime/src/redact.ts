import { remembered } from './remembered.ts';

/** Field names whose values never reach a log. */
const secretFields: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'set-cookie',
  'password',
  'passphrase',
  'privatekey',
  'secret',
  'token',
  'apikey',
  'api_key',
  'api_local_key',
  'enginekey',
  'secretfiles',
  // What people ask and are told is theirs.
  'messages',
  'prompt',
  'input',
  'completion',
  'choices',
]);
const isSecretField = remembered((name) => secretFields.has(name.toLowerCase()));
const shown = '[secret]';
const maxDepth = 5;

/**
 * Log fields without what must not be shown, however deep it sits. Copies only what it changes: it runs for every
 * line, and pino's own redaction costs a hundred times as much with patterns for every depth.
 */
export function redact<T>(value: T, depth = 0): T {
  if (typeof value !== 'object' || value === null || !isPlain(value)) return value;
  if (depth > maxDepth) return '[too deep]' as T;
  const fields = value as Record<string, unknown>;
  let copy: Record<string, unknown> | null = null;
  for (const name of Object.keys(fields)) {
    const before = fields[name];
    const after = isSecret(name, before) ? shown : redact(before, depth + 1);
    if (after === before) continue;
    copy ??= (Array.isArray(fields) ? [...fields] : { ...fields }) as Record<string, unknown>;
    copy[name] = after;
  }
  return (copy ?? value) as T;
}

function isSecret(name: string, value: unknown): boolean {
  return value !== null && value !== undefined && isSecretField(name);
}

/** Errors, secrets and instances of other classes have serializers of their own. */
function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  // Also the prototype of another realm's plain objects: it has none of its own.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
