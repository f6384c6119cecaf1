import { classify } from '../../services/proxy/src/server/classify.ts';
import { readHead } from '../../services/proxy/src/server/front/read-head.ts';
import type { Case } from './cases.ts';
import type { Talk } from './talk.ts';

/** Larger bodies are for node:http in what is fuzzed. */
const mostBodyBytes = 1024 * 1024;

/** What became of a case on the way with the front, and on the one without it. */
export interface Both {
  readonly front: Talk;
  readonly node: Talk;
}

/** @returns what is wrong with the answers; null: nothing */
export function judge(one: Case, { front, node }: Both, mark: string): string | null {
  for (const [way, { read, hangs, isUnanswered }] of Object.entries({ front, node })) {
    if (isUnanswered) return `${way}: a complete request is not answered`;
    if (hangs) return `${way}: the connection does not end`;
    const own = /HTTP\/1\.1 (5\d\d) /.exec(read)?.[1];
    // Engine and api never fail here.
    if (own !== undefined) return `${way}: answered with ${own}`;
    const other = read.match(/fz\d{9}/g)?.find((found) => found !== mark);
    if (other !== undefined) return `${way}: reads what is for ${other}`;
  }
  const [byFront, byNode] = [withoutIds(front.read), withoutIds(node.read)];
  if (byFront === byNode) return null;
  if (one.turns.every((packets) => isForFront(packets.join(''))))
    return `the front answers otherwise than node:http: ${apart(byFront, byNode)}`;
  const [saidByFront, saidByNode] = [withoutLastWords(byFront), withoutLastWords(byNode)];
  if (saidByFront === saidByNode) return null;
  if (isAnsweredOrRefused(one, [saidByFront, byFront], [saidByNode, byNode])) return null;
  if (isRacing(one, { front, node }) && agreeBeforeLast(saidByFront, saidByNode)) return null;
  return `front and node:http answer otherwise: ${apart(saidByFront, saidByNode)}`;
}

/** More than a read of Node could come in two. */
const surelyOneRead = 60_000;

/**
 * Whether it depends on the moment what becomes of an offer: what is around it comes in packets or reads of their own,
 * or before the answer to what is before it. So it is early, or behind one that is not answered, or not, or the session's.
 */
export function isRacing({ turns }: Case, { front, node }: Both): boolean {
  const isApart = turns.some(
    (packets) => packets.length > 1 || packets.some(({ length }) => length > surelyOneRead),
  );
  const mayRace = isApart || front.isHasty || node.isHasty;
  return mayRace && turns.some((packets) => /websocket/i.test(packets.join('')));
}

/** Whether all answers are the same but for the last: what becomes of an offer ends its connection. */
function agreeBeforeLast(front: string, node: string): boolean {
  const [byFront, byNode] = [front, node].map((text) => text.split(/(?=HTTP\/1\.1 \d{3} )/));
  const count = Math.max(byFront?.length ?? 0, byNode?.length ?? 0) - 1;
  return byFront?.slice(0, count).join('') === byNode?.slice(0, count).join('');
}

/** Whether the last request asks for nothing but what its head says: it may be answered before its body is looked at. */
function readsOnly({ turns }: Case): boolean {
  return /^GET /.test(turns.at(-1)?.join('') ?? '');
}

/**
 * Whether all that differs is one last answer, which a request gets by its head although it breaks off behind it: where the
 * break is read before that answer was made, the request is refused for the break instead.
 * @param ways what was said, without the last refusals and with them
 */
function isAnsweredOrRefused(one: Case, ...ways: readonly [said: string, read: string][]): boolean {
  // Of who is turned down, or asks for nothing that has to be carried out.
  const status = readsOnly(one) ? '(?:200|4\\d\\d)' : '4\\d\\d';
  const [fewer, more] = ways.toSorted(([one], [other]) => one.length - other.length);
  if (fewer === undefined || more === undefined) return false;
  const [said, read] = fewer;
  const [alsoSaid] = more;
  const wasRefused = /HTTP\/1\.1 4(?:00|31) (?:(?!HTTP\/1\.1 \d{3} ).)*$/s.test(read);
  const rest = alsoSaid.slice(said.length);
  return (
    wasRefused &&
    alsoSaid.startsWith(said) &&
    new RegExp(`^HTTP/1\\.1 ${status} (?:(?!HTTP/1\\.1 \\d{3} ).)*$`, 's').test(rest)
  );
}

/** Where two texts part, with a little of what is around. */
function apart(front: string, node: string): string {
  let at = 0;
  while (at < front.length && front[at] === node[at]) at += 1;
  const around = (text: string): string =>
    JSON.stringify(text.slice(Math.max(0, at - 80), at + 300));
  return `${around(front)} by the front, ${around(node)} by node:http`;
}

/** Whether it is one request that the front reads to its end, so that every byte of both answers is the same. */
export function isForFront(text: string): boolean {
  const bytes = Buffer.from(text, 'latin1');
  const head = readHead(bytes, mostBodyBytes);
  if (typeof head === 'string') return false;
  const { kind } = classify(head.method, head.target);
  const isKnown = kind === 'inference' || kind === 'models' || kind === 'health';
  return isKnown && bytes.length === head.headBytes + head.bodyBytes;
}

/** Without what is made anew for each request. */
function withoutIds(text: string): string {
  return text
    .replaceAll(/req_[0-9a-f]{32}/g, 'req_*')
    .replaceAll(/fz\d{9}/g, 'fz*')
    .replaceAll(/\r\ndate: [^\r]+/gi, '\r\nDate: *')
    .replaceAll(/(\r\nx-ratelimit-[a-z-]+: )[^\r]*/gi, '$1*');
}

/**
 * Without what depends on how much of it is read at once: whether the last refusals of a connection are told, and what
 * the answer before says of its connection (docs/adr/0018-a-front-of-our-own.md).
 */
function withoutLastWords(read: string): string {
  return read
    .replaceAll(/\r\n(?:Connection|Keep-Alive): [^\r]+/g, '')
    .replace(/(?:HTTP\/1\.1 4(?:00|31) (?:(?!HTTP\/1\.1 \d{3} ).)*)+$/s, '');
}

/** A request as engine or api got it, without what differs from way to way. */
export function asSeen(request: string): string {
  return withoutIds(request)
    .replaceAll(/(\r\nx-request-id: [^\r]*)-[0-9a-f]{8}(?=\r)/gi, '$1-*')
    .replaceAll(/\b00-[0-9a-f]{32}-[0-9a-f]{16}-/g, '00-*-*-')
    .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:*');
}

/** @returns what only one of both was sent, the first of it; null: both the same, in whatever order */
export function difference(front: readonly string[], node: readonly string[]): string | null {
  const [atFront, atNode] = [front, node].map((all) => all.map(asSeen).sort());
  const index = (atFront ?? []).findIndex((request, at) => request !== atNode?.[at]);
  if (index === -1 && front.length === node.length) return null;
  const at = index === -1 ? front.length : index;
  const text = (one: string | undefined) => JSON.stringify(one?.slice(0, 500) ?? 'nothing');
  return `${text(atFront?.[at])} by the front, ${text(atNode?.[at])} by node:http`;
}
