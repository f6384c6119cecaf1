import { JsonCursor } from './json-cursor.ts';

/** A member of an object, in bytes. */
interface Member {
  /** Behind the member before it, or the brace. */
  readonly from: number;
  readonly isFirst: boolean;
  readonly valueAt: number;
  readonly end: number;
}

/** What matters in a chunk of a stream, which is one event with one line of data. */
export interface Chunk {
  /** Whether `choices` is there and empty: so is that of the chunk with the usage (OpenAI's description of streams). */
  readonly withoutChoices: boolean;
  readonly usage: (Member & { readonly kind: 'object' | 'null' | 'other' }) | null;
  readonly fingerprint: Member | null;
}

const prefix = Buffer.from('data:');
const quote = 0x22;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const comma = 0x2c;
const letterN = 0x6e;
/** Of those that are looked for, with its quotes, and more than that. */
const longestName = 24;

/** @returns null where it is something else */
export function readChunk(event: Buffer): Chunk | null {
  if (!event.subarray(0, prefix.length).equals(prefix)) return null;
  const cursor = new JsonCursor(event);
  cursor.at = prefix.length;
  if (!cursor.take(openBrace)) return null;
  const chunk: Draft = { withoutChoices: false, usage: null, fingerprint: null };
  let from = cursor.at;
  let isFirst = true;
  do {
    if (!readMember(cursor, from, isFirst, chunk)) return null;
    from = cursor.at;
    isFirst = false;
  } while (cursor.take(comma));
  return cursor.take(closeBrace) && cursor.peek() === -1 ? chunk : null;
}

type Draft = { -readonly [K in keyof Chunk]: Chunk[K] };

/** @returns whether it is one */
function readMember(cursor: JsonCursor, from: number, isFirst: boolean, chunk: Draft): boolean {
  const event = cursor.bytes;
  cursor.peek();
  const nameAt = cursor.at;
  if (!cursor.skipName()) return false;
  const name = event.toString('latin1', nameAt, Math.min(cursor.at, nameAt + longestName));
  const first = cursor.peek();
  const valueAt = cursor.at;
  if (!cursor.skipValue()) return false;
  const member = { from, isFirst, valueAt, end: cursor.at };
  if (isNamed(name, 'choices')) chunk.withoutChoices = isEmptyList(event, member);
  else if (isNamed(name, 'usage')) chunk.usage = { ...member, kind: kindOf(first) };
  else if (isNamed(name, 'system_fingerprint') && first === quote) chunk.fingerprint = member;
  return true;
}

function isNamed(text: string, name: string): boolean {
  return text.startsWith(`"${name}"`);
}

function kindOf(first: number): 'object' | 'null' | 'other' {
  if (first === openBrace) return 'object';
  return first === letterN ? 'null' : 'other';
}

function isEmptyList(event: Buffer, { valueAt, end }: Member): boolean {
  const cursor = new JsonCursor(event.subarray(0, end));
  cursor.at = valueAt;
  return cursor.take(openBracket) && cursor.take(closeBracket);
}
