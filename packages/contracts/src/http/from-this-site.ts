type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * Whether a request that comes with a cookie may act: a cookie speaks for its browser, and a page of another site may
 * not speak through it. Browsers tell where a request comes from by Fetch Metadata (W3C), but not over plain HTTP; by
 * `Origin` they always do when it changes something, and when it offers WebSocket: that any page may do by GET, and read what
 * comes of it.
 */
export function isFromThisSite(method: string | undefined, headers: Headers): boolean {
  const isRead = method === 'GET' || method === 'HEAD';
  if (isRead && headers.upgrade === undefined) return true;
  const site = headers['sec-fetch-site'];
  return site === undefined ? fromThisHost(headers) : site === 'same-origin' || site === 'none';
}

/**
 * Behind a balancer that renames the host, the name that the browser used comes as `X-Forwarded-Host`; the proxy
 * lets nobody else say that.
 */
function fromThisHost(headers: Headers): boolean {
  const { origin, host, 'x-forwarded-host': forwarded } = headers;
  if (typeof origin !== 'string') return origin === undefined;
  const asked = URL.canParse(origin) ? new URL(origin).host : null;
  return asked !== null && (asked === host || asked === forwarded);
}
