/**
 * Postgres holds neither NUL nor half a surrogate pair in text or jsonb; log tails and callers may bring
 * both. They become U+FFFD, in keys too: shown, and never equal to something that was stored without them.
 */
export function storable<T>(value: T): T;
export function storable(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed().replaceAll('\0', '\uFFFD');
  if (Array.isArray(value)) return value.map((item) => storable(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [storable(key), storable(item)]),
  );
}
