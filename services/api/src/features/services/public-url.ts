import type { Request } from 'express';

/**
 * Where a caller finds this installation, without a slash at the end: as it is configured, else as the request came, which
 * the proxy in front of us says. Empty, so that a path remains, where that is not to be told.
 */
export function publicUrlOf(
  configured: string | null,
  { headers }: Pick<Request, 'headers'>,
): string {
  if (configured !== null) return configured;
  const host = first(headers['x-forwarded-host']) ?? headers.host ?? '';
  const scheme = first(headers['x-forwarded-proto']) === 'https' ? 'https' : 'http';
  return /^[A-Za-z0-9._-]+(:\d{1,5})?$|^\[[0-9A-Fa-f:.]+\](:\d{1,5})?$/.test(host)
    ? `${scheme}://${host}`
    : '';
}

/** Of a chain of proxies, what the outermost said. */
function first(header: string | readonly string[] | undefined): string | undefined {
  return (typeof header === 'string' ? header : header?.[0])?.split(',', 1)[0]?.trim();
}
