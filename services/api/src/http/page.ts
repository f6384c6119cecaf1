import type { Response } from 'express';

export interface Page<T> {
  readonly items: readonly T[];
  /** Cursor of the next page; null on the last. */
  readonly next: string | null;
}

/** Cuts a sorted list behind `after`. */
export function pageOf<T>(
  sorted: readonly T[],
  cursorOf: (item: T) => string,
  { limit, after }: { readonly limit: number | null; readonly after: string | undefined },
): Page<T> {
  const rest = after === undefined ? sorted : sorted.filter((item) => cursorOf(item) > after);
  const items = limit === null ? rest : rest.slice(0, limit);
  const last = items.at(-1);
  return {
    items,
    next: last === undefined || items.length === rest.length ? null : cursorOf(last),
  };
}

/**
 * The body of a list is the list; where it goes on is in the headers (RFC 8288).
 * @param asked what else the next page has to be asked for
 */
export function announceNext(
  res: Response,
  path: string,
  { limit, next }: { readonly limit: number | null; readonly next: string | null },
  asked: Readonly<Record<string, string>> = {},
): void {
  if (next === null) return;
  const query = new URLSearchParams({
    ...asked,
    ...(limit === null ? {} : { limit: String(limit) }),
    after: next,
  });
  res.set({ Link: `<${path}?${query}>; rel="next"`, 'X-Next-After': next });
}
