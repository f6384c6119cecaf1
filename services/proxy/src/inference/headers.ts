import type { IncomingHttpHeaders } from 'node:http';
import type { DurationMs } from '@wakefield/domain';
import { remembered } from '@wakefield/runtime';
import type { ClientCall } from '../server/client-call.ts';

/** Headers that speak of one connection only (RFC 9110 §7.6.1), in lower case. */
const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** What does not go on to the engine: the caller's secrets, and what we or the client library write anew. */
const notForEngines: ReadonlySet<string> = new Set([
  ...hopByHop,
  'host',
  'content-length',
  'expect',
  'authorization',
  'cookie',
  'x-request-id',
  // Ours to keep (docs/api.md): an engine that knew the word would count from another moment.
  'x-request-timeout',
  // The answer is looked at on its way back, so it has to come in clear.
  'accept-encoding',
]);

/**
 * What does not go on to the client: what we write ourselves, and what browsers take as the word of this whole site. Code of
 * a project runs in its engine; it has no say in who is signed in here, or who else may read (docs/adr/0009-no-cors.md).
 */
const notForClients: ReadonlySet<string> = new Set([
  ...hopByHop,
  'x-request-id',
  'x-content-type-options',
  'set-cookie',
  'set-cookie2',
  'set-login',
  'clear-site-data',
  'strict-transport-security',
  'www-authenticate',
  'alt-svc',
  'service-worker-allowed',
  'accept-ch',
  'nel',
  'report-to',
  'reporting-endpoints',
]);
const corsPrefix = 'access-control-';
/** What of this site's limits is left is ours to say (limits/rate-headers.ts). */
const ratePrefix = 'x-ratelimit-';

const isForEngines = remembered((name) => !notForEngines.has(name.toLowerCase()));
const isForClients = remembered(
  (name) =>
    !(notForClients.has(name) || name.startsWith(corsPrefix) || name.startsWith(ratePrefix)),
);

/**
 * What does not go on to the caller of a service: as of an engine, but for its cookies, which are its own below its path.
 * @param name in lower case
 */
export function isOfThisSite(name: string): boolean {
  return !isForClients(name) && name !== 'x-content-type-options';
}

/**
 * Headers for the engine as a flat list: the client's own, unknown ones too, with our key instead of theirs.
 */
export function engineHeaders(
  client: Pick<ClientCall, 'rawHeaders' | 'header'>,
  engineKey: string,
  requestId: string,
): string[] {
  const raw = client.rawHeaders;
  const named = namedByConnection(client.header('connection'));
  const headers = ['authorization', `Bearer ${engineKey}`, 'x-request-id', requestId];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? '';
    if (!isForEngines(name) || named?.includes(name.toLowerCase()) === true) continue;
    headers.push(name, raw[index + 1] ?? '');
  }
  return headers;
}

/**
 * Headers for the client as a flat list: the engine's own, with our request id, without what speaks for this site.
 * @param headers names, in lower case, and values by turns
 * @param without the name of one more that does not go on
 */
export function clientHeaders(
  headers: readonly string[],
  requestId: string,
  without?: 'content-length',
): string[] {
  const named = namedIn(headers);
  const flat = ['x-request-id', requestId, 'x-content-type-options', 'nosniff'];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? '';
    if (name === without || !isForClients(name)) continue;
    if (named?.includes(name) === true) continue;
    flat.push(name, headers[index + 1] ?? '');
  }
  return flat;
}

/** By these whoever sends a message on frames it: no header of another name decides whether they are there. */
const framing: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding', 'host']);

/** Takes what speaks of one connection out of parsed headers, but for what says where the body ends. */
export function dropHopByHop(headers: IncomingHttpHeaders): void {
  for (const name of [...(namedByConnection(headers.connection) ?? []), ...hopByHop]) {
    if (!framing.has(name)) delete headers[name];
  }
}

function namedIn(headers: readonly string[]): readonly string[] | null {
  let named: readonly string[] | null = null;
  for (let index = 0; index + 1 < headers.length; index += 2) {
    if (headers[index] !== 'connection') continue;
    const more = namedByConnection(headers[index + 1]);
    if (more !== null) named = named === null ? more : [...named, ...more];
  }
  return named;
}

/** Headers that `Connection` declares to be of this connection only; null in the usual case of none. */
function namedByConnection(connection: string | undefined): readonly string[] | null {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close')
    return null;
  return connection
    .toLowerCase()
    .split(',')
    .map((name) => name.trim());
}

/**
 * How long the caller lets a request take in all (`X-Request-Timeout`), or null where they do not say.
 * @returns NaN: what they say is no length of time
 */
export function askedTimeoutMs(header: string | undefined): DurationMs | null {
  if (header === undefined) return null;
  const ms = /^\d{1,9}(\.\d{1,3})?$/.test(header) ? Math.round(Number(header) * 1000) : 0;
  return ms > 0 ? ms : Number.NaN;
}

/** Seconds of `Prefer: wait=N` (RFC 7240 §4.3), or null. */
export function preferredWaitSeconds(prefer: string | undefined): number | null {
  if (prefer === undefined) return null;
  const found = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,9})"?\s*(?:$|[,;])/i.exec(prefer);
  return found === null ? null : Number(found[1]);
}

/**
 * The first header of a name in a list of names and values by turns.
 * @param name in lower case
 */
export function rawHeader(raw: readonly string[], name: string): string | undefined {
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const its = raw[index] ?? '';
    if (its.length === name.length && its.toLowerCase() === name) return raw[index + 1];
  }
  return undefined;
}
