import { remembered } from '@wakefield/runtime';
import { type LookedUpHeader, lookedUpHeaders } from '../client-call.ts';
import { behind, behindTarget, readLine, short } from './head-lines.ts';

/** What the headers say of what comes behind them. */
interface Framing {
  /** How long the body is. */
  readonly bodyBytes: number;
  /** Whether the client would like its connection to stay. */
  readonly keepAlive: boolean;
}

/** The head of a request that is understood here. */
export interface Head extends Framing {
  readonly method: 'GET' | 'POST';
  readonly target: string;
  /** Names and values by turns, as they came. */
  readonly rawHeaders: readonly string[];
  /** The values of those that something here acts upon, for `headerIn`. */
  readonly said: Said;
  /** Of the head, its empty line included. */
  readonly headBytes: number;
}

type Said = readonly (string | undefined)[];

/**
 * - `incomplete` what is there may be the beginning of one that is understood
 * - `other`      not to be understood here, or not at all
 */
export type HeadReading = Head | 'incomplete' | 'other';

/** Larger ones are for node:http, which takes 16 KiB. */
const mostHeadBytes = 8192;
const mostHeaders = 64;

const post = 'POST ';
const get = 'GET ';
const slash = 0x2f;
const letterG = 0x47;
const carriageReturn = 0x0d;

/** Headers that change how a message, or what comes on its connection, is to be read. */
const never = [
  'content-encoding',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
] as const;
/** Headers that say what this message is and what becomes of its connection. */
const telling = ['host', 'connection', 'content-length'] as const;
/** Headers that may come once, the first of them those of `telling`. */
const single = [...new Set([...telling, ...lookedUpHeaders])].filter(
  (name) => !never.some((one) => one === name),
);
const placeOf = Object.fromEntries(single.map((name, index) => [name, index])) as Readonly<
  Record<string, number>
>;
const forbidden = -1;
/** By name in lower case, its place in `Said`. */
const rules: ReadonlyMap<string, number> = new Map([
  ...single.map((name, index): [string, number] => [name, index]),
  ...never.map((name): [string, number] => [name, forbidden]),
]);
const ruleOfName = remembered((name) => rules.get(name.toLowerCase()));
/** Most names are of a length of which there is no rule. */
const isRuledLength: readonly boolean[] = Array.from({ length: 32 }, (_, length) =>
  [...rules.keys()].some((name) => name.length === length),
);

/** What a head says in a header; undefined: nothing, or it would not be read here. */
export function headerIn(said: Said, name: LookedUpHeader): string | undefined {
  return said[placeOf[name] ?? forbidden];
}

/** Where names and values are in the head that is being read. */
const places = new Int32Array(mostHeaders * 4);

/**
 * Reads the head at the beginning of these bytes, if it is one that clients really send and that nobody could read
 * in another way (RFC 9112 §11). What it takes, node:http would take in the same sense.
 */
export function readHead(bytes: Buffer, mostBodyBytes: number): HeadReading {
  const start = bytes[0] === letterG ? behind(bytes, 0, get) : behind(bytes, 0, post);
  if (start < 0) return unread(start, bytes);
  const targetEnd = behindTarget(bytes, start);
  let at = behind(bytes, targetEnd, ' HTTP/1.1\r\n');
  let count = 0;
  while (at > 0 && bytes[at] !== carriageReturn && count < mostHeaders) {
    at = readLine(bytes, at, places, count * 4);
    count += 1;
  }
  if (at > 0) at = behind(bytes, at, '\r\n');
  if (at < 0) return unread(at, bytes);
  if (at > mostHeadBytes || bytes[start] !== slash) return 'other';
  const rawHeaders: string[] = [];
  const method = bytes[0] === letterG ? 'GET' : 'POST';
  const said = collect(bytes, at, count, rawHeaders);
  const framing = said === null ? null : framingOf(said, method === 'POST', mostBodyBytes);
  if (said === null || framing === null) return 'other';
  const { bodyBytes, keepAlive } = framing;
  const target = bytes.toString('latin1', start, targetEnd);
  return { method, target, rawHeaders, said, bodyBytes, keepAlive, headBytes: at };
}

function unread(found: number, { length }: Buffer): 'incomplete' | 'other' {
  return found === short && length <= mostHeadBytes ? 'incomplete' : 'other';
}

/**
 * Lists names and values as they came.
 * @returns those that something here acts upon; null where a header is not for here
 */
function collect(bytes: Buffer, end: number, count: number, rawHeaders: string[]): Said | null {
  // Slices of one text are cheap, but keep all of it in memory: what may be kept is copied.
  const text = bytes.toString('latin1', 0, end);
  const said = new Array<string | undefined>(single.length);
  let seen = 0;
  for (let at = 0; at < count * 4; at += 4) {
    const name = text.slice(places[at], places[at + 1]);
    const place = ruleOf(name);
    if (place === undefined) {
      rawHeaders.push(name, text.slice(places[at + 2], places[at + 3]));
      continue;
    }
    if (place === forbidden || (seen & (1 << place)) !== 0) return null;
    seen |= 1 << place;
    const value = bytes.toString('latin1', places[at + 2], places[at + 3]);
    rawHeaders.push(name, value);
    said[place] = value;
  }
  return said;
}

/** @returns null where they say something that is not for here */
function framingOf(said: Said, hasBody: boolean, mostBodyBytes: number): Framing | null {
  const [host = '', connection = 'keep-alive', length] = said;
  const isFramed = hasBody ? isLength(length, mostBodyBytes) : length === undefined;
  if (!isFramed || !isHost(host) || !isOfConnection(connection)) return null;
  return { bodyBytes: Number(length ?? 0), keepAlive: connection !== 'close' };
}

function ruleOf(name: string): number | undefined {
  return isRuledLength[name.length] === true ? ruleOfName(name) : undefined;
}

function isHost(value: string): boolean {
  return /^[A-Za-z0-9.:[\]_-]+$/.test(value);
}

function isLength(value: string | undefined, most: number): boolean {
  return value !== undefined && /^(?:0|[1-9]\d{0,14})$/.test(value) && Number(value) <= most;
}

function isOfConnection(value: string): boolean {
  return value === 'keep-alive' || value === 'close' || value === 'Keep-Alive';
}
