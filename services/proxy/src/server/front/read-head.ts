import { lookedUpHeaders } from '../client-call.ts';
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
  /** Of the head, its empty line included. */
  readonly headBytes: number;
}

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
/** A bit for each header that may come once, the first for `telling`; 0: it may not come. */
const rules: ReadonlyMap<string, number> = new Map([
  ...[...new Set<string>([...telling, ...lookedUpHeaders])].map((name, index): [string, number] => [
    name,
    1 << index,
  ]),
  ...never.map((name): [string, number] => [name, 0]),
]);
const lastTelling = 1 << (telling.length - 1);
/** Most names are of a length of which there is no rule. */
const isRuledLength: readonly boolean[] = Array.from({ length: 32 }, (_, length) =>
  [...rules.keys()].some((name) => name.length === length),
);

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
  const told = collect(bytes, at, count, rawHeaders);
  const framing = told === null ? null : framingOf(told, method === 'POST', mostBodyBytes);
  if (framing === null) return 'other';
  const { bodyBytes, keepAlive } = framing;
  const target = bytes.toString('latin1', start, targetEnd);
  return { method, target, rawHeaders, bodyBytes, keepAlive, headBytes: at };
}

function unread(found: number, { length }: Buffer): 'incomplete' | 'other' {
  return found === short && length <= mostHeadBytes ? 'incomplete' : 'other';
}

type Told = readonly (string | undefined)[];

/**
 * Lists names and values as they came.
 * @returns the values of `telling`; null where a header is not for here
 */
function collect(bytes: Buffer, end: number, count: number, rawHeaders: string[]): Told | null {
  // Slices of one text are cheap, but keep all of it in memory: what may be kept is copied.
  const text = bytes.toString('latin1', 0, end);
  const told: (string | undefined)[] = [undefined, undefined, undefined];
  let seen = 0;
  for (let at = 0; at < count * 4; at += 4) {
    const name = text.slice(places[at], places[at + 1]);
    const bit = ruleOf(name);
    if (bit === undefined) {
      rawHeaders.push(name, text.slice(places[at + 2], places[at + 3]));
      continue;
    }
    if (bit === 0 || (seen & bit) !== 0) return null;
    seen |= bit;
    const value = bytes.toString('latin1', places[at + 2], places[at + 3]);
    rawHeaders.push(name, value);
    // 1, 2 and 4 are the places 0, 1 and 2.
    if (bit <= lastTelling) told[bit >> 1] = value;
  }
  return told;
}

/** @returns null where they say something that is not for here */
function framingOf(told: Told, hasBody: boolean, mostBodyBytes: number): Framing | null {
  const [host = '', connection = 'keep-alive', length] = told;
  const isFramed = hasBody ? isLength(length, mostBodyBytes) : length === undefined;
  if (!isFramed || !isHost(host) || !isOfConnection(connection)) return null;
  return { bodyBytes: Number(length ?? 0), keepAlive: connection !== 'close' };
}

function ruleOf(name: string): number | undefined {
  return isRuledLength[name.length] === true ? rules.get(name.toLowerCase()) : undefined;
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
