import { JsonCursor } from './json-cursor.ts';

/** What the proxy has to know of a request body; the body itself goes on as it came. */
export type BodyScan =
  | {
      readonly valid: true;
      /** null: absent or not a string. */
      readonly model: string | null;
      /** Whether `"stream": true` was asked for. */
      readonly stream: boolean;
      /** The most tokens that its answer may have, by `max_completion_tokens`, else `max_tokens`; null: not said. */
      readonly maxTokens: number | null;
      /** Where the value of `messages`, else of `prompt`, begins and ends; 0 and 0: there is none. */
      readonly promptFrom: number;
      readonly promptTo: number;
      readonly streamOptions: StreamOptionsPlace;
    }
  | { readonly valid: false };

/** Where `stream_options` stands in a body, or would. */
export interface StreamOptionsPlace {
  /** Behind the brace that opens the body. */
  readonly opensAt: number;
  /** Of its value: the first byte, and the one behind the last. -1: it is not there. */
  readonly at: number;
  readonly end: number;
  /** More than one is nobody's to choose from. */
  readonly times: number;
}

interface Found {
  model: string | null;
  stream: boolean;
  maxTokens: number | null;
  maxCompletionTokens: number | null;
  promptFrom: number;
  promptTo: number;
  hasMessages: boolean;
  readonly streamOptions: { opensAt: number; at: number; end: number; times: number };
}

const invalid: BodyScan = { valid: false };
const openBrace = 0x7b;
const closeBrace = 0x7d;
const comma = 0x2c;
const colon = 0x3a;
const quote = 0x22;
const backslash = 0x5c;
/** Those before are control characters. */
const firstPrintable = 0x20;
const letterM = 0x6d;
const letterP = 0x70;
const letterS = 0x73;
const letterT = 0x74;
/** Of `model`, `messages`, `max_tokens` and `max_completion_tokens`. */
const lengthsInM: ReadonlySet<number> = new Set([5, 8, 10, 21]);
/** Of `stream` and `stream_options`. */
const lengthsInS: ReadonlySet<number> = new Set([6, 14]);
/** Of `prompt`. */
const lengthsInP: ReadonlySet<number> = new Set([6]);
const none: ReadonlySet<number> = new Set();
/** Digits of a count of tokens, and more than those. */
const longestCount = 20;

/**
 * Finds the top-level `model`, `stream`, `stream_options`, limit of tokens and place of the prompt of a JSON object in one walk
 * over its bytes. As with JSON.parse, the last of several members of one name counts and names may be written with escapes. What is inside of strings
 * other than the model's name is not checked: that is the engine's to say, and no name of ours is in them.
 */
export function scanBody(bytes: Buffer): BodyScan {
  const cursor = new JsonCursor(bytes);
  if (!cursor.take(openBrace)) return invalid;
  const found: Found = {
    model: null,
    stream: false,
    maxTokens: null,
    maxCompletionTokens: null,
    promptFrom: 0,
    promptTo: 0,
    hasMessages: false,
    streamOptions: { opensAt: cursor.at, at: -1, end: -1, times: 0 },
  };
  if (!cursor.take(closeBrace)) {
    do {
      if (!scanMember(cursor, found)) return invalid;
    } while (cursor.take(comma));
    if (!cursor.take(closeBrace)) return invalid;
  }
  if (cursor.peek() !== -1) return invalid;
  const { model, stream, promptFrom, promptTo, streamOptions } = found;
  const maxTokens = found.maxCompletionTokens ?? found.maxTokens;
  return { valid: true, model, stream, maxTokens, promptFrom, promptTo, streamOptions };
}

function scanMember(cursor: JsonCursor, found: Found): boolean {
  if (cursor.peek() !== quote) return false;
  const nameAt = cursor.at;
  if (!cursor.skipString()) return false;
  const name = wantedName(cursor.bytes, nameAt, cursor.at);
  if (!cursor.take(colon)) return false;
  const first = cursor.peek();
  const valueAt = cursor.at;
  if (!cursor.skipValue()) return false;
  return name === null || note(found, name, cursor, first, valueAt);
}

/** @returns whether the value is one that a parser takes */
function note(
  found: Found,
  name: string,
  { bytes, at: to }: JsonCursor,
  first: number,
  from: number,
): boolean {
  switch (name) {
    case 'model':
      found.model = first === quote ? decodeString(bytes, from, to) : null;
      return first !== quote || found.model !== null;
    case 'stream':
      found.stream = first === letterT;
      return true;
    case 'max_tokens':
      found.maxTokens = countIn(bytes, from, to);
      return true;
    case 'max_completion_tokens':
      found.maxCompletionTokens = countIn(bytes, from, to);
      return true;
    case 'stream_options':
      found.streamOptions.at = from;
      found.streamOptions.end = to;
      found.streamOptions.times += 1;
      return true;
    case 'messages':
    case 'prompt':
      notePrompt(found, name, from, to);
      return true;
    default:
      return true;
  }
}

/** Chats have messages, and a prompt beside them is nobody's. */
function notePrompt(found: Found, name: 'messages' | 'prompt', from: number, to: number): void {
  if (name === 'prompt' && found.hasMessages) return;
  found.hasMessages = name === 'messages';
  found.promptFrom = from;
  found.promptTo = to;
}

/** @returns null where it is no whole number above 0 */
function countIn(bytes: Buffer, from: number, to: number): number | null {
  if (to - from > longestCount) return null;
  const count = Number(bytes.toString('latin1', from, to));
  return Number.isSafeInteger(count) && count > 0 ? count : null;
}

/** Only names that can be one of ours are decoded. */
function wantedName(bytes: Buffer, from: number, to: number): string | null {
  const length = to - from - 2;
  const first = bytes[from + 1];
  // One of ours, or one with any of its letters written as \uXXXX.
  const plain = lengthsAfter(first).has(length);
  if (!plain && (length > 6 * 21 || !hasBackslash(bytes, from, to))) return null;
  return decodeString(bytes, from, to);
}

/** Lengths of names of ours that begin with this letter. */
function lengthsAfter(letter: number | undefined): ReadonlySet<number> {
  switch (letter) {
    case letterM:
      return lengthsInM;
    case letterS:
      return lengthsInS;
    case letterP:
      return lengthsInP;
    default:
      return none;
  }
}

/** @returns null where JSON.parse takes it for none: wrong escapes, control characters */
function decodeString(bytes: Buffer, from: number, to: number): string | null {
  if (isVerbatim(bytes, from, to)) return bytes.toString('utf8', from + 1, to - 1);
  try {
    return String(JSON.parse(bytes.toString('utf8', from, to)));
  } catch {
    return null;
  }
}

/** Whether a string is what stands there: without escapes, and without what may only be written as one (RFC 8259 §7). */
function isVerbatim(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === backslash || byte < firstPrintable) return false;
  }
  return true;
}

function hasBackslash(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (bytes[at] === backslash) return true;
  return false;
}
