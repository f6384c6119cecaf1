import { memoryFor } from '../body-memory.ts';
import { JsonCursor } from './json-cursor.ts';
import type { StreamOptionsPlace } from './model-name.ts';

/** Bytes that stand in a body instead of others. */
export interface Splice {
  readonly at: number;
  readonly end: number;
  readonly text: string;
}

/**
 * Who asks for the usage of a stream.
 * - `caller`  it does so itself
 * - `nobody`  what it says of usage is not for us to complete
 * - a splice  we do, by these bytes in its body
 */
export type UsageAsk = 'caller' | 'nobody' | Splice;

const openBrace = 0x7b;
const closeBrace = 0x7d;
const comma = 0x2c;
const colon = 0x3a;
const letterF = 0x66;
const letterN = 0x6e;
const letterT = 0x74;
const asked = '"include_usage":true';

/** The smallest change by which this body, which asks for a stream, asks for its usage. */
export function askForUsage(
  body: Buffer,
  { opensAt, at, end, times }: StreamOptionsPlace,
): UsageAsk {
  if (times === 0) {
    // There is a member behind it: a body that asks for a stream is not empty.
    return { at: opensAt, end: opensAt, text: `"stream_options":{${asked}},` };
  }
  if (times > 1) return 'nobody';
  if (body[at] === letterN) return { at, end, text: `{${asked}}` };
  return body[at] === openBrace ? askInOptions(body, at) : 'nobody';
}

/** The body with its splice. */
export function spliced(body: Buffer, { at, end, text }: Splice): Buffer {
  const bytes = memoryFor(body.length - (end - at) + text.length);
  body.copy(bytes, 0, 0, at);
  bytes.write(text, at, 'latin1');
  body.copy(bytes, at + text.length, end);
  return bytes;
}

interface Options {
  /** The first byte of the value of `include_usage`, which stands there; 0: it does not. */
  include: number;
  includeAt: number;
  includeEnd: number;
  /** A member that puts usage elsewhere, or one that is written in a way that we do not read. */
  odd: boolean;
}

function askInOptions(body: Buffer, at: number): UsageAsk {
  const cursor = new JsonCursor(body);
  cursor.at = at + 1;
  const options: Options = { include: 0, includeAt: -1, includeEnd: -1, odd: false };
  const empty = cursor.take(closeBrace);
  if (!empty) {
    do readMember(cursor, options);
    while (cursor.take(comma));
  }
  const { include, includeAt, includeEnd, odd } = options;
  if (odd) return 'nobody';
  if (include === letterT) return 'caller';
  if (include !== 0) return { at: includeAt, end: includeEnd, text: 'true' };
  return { at: at + 1, end: at + 1, text: empty ? asked : `${asked},` };
}

/** The body is known to be good: nothing is in the way of the cursor. */
function readMember(cursor: JsonCursor, options: Options): void {
  cursor.peek();
  const nameAt = cursor.at + 1;
  cursor.skipString();
  const name = cursor.bytes.toString('latin1', nameAt, cursor.at - 1);
  cursor.take(colon);
  const first = cursor.peek();
  const valueAt = cursor.at;
  cursor.skipValue();
  if (name === 'include_usage') {
    const isPlain = first === letterT || first === letterF || first === letterN;
    options.odd ||= options.include !== 0 || !isPlain;
    options.include = first;
    options.includeAt = valueAt;
    options.includeEnd = cursor.at;
  } else if (name === 'continuous_usage_stats') {
    // vLLM has usage in every chunk then, but only together with `include_usage`; SGLang in any case.
    options.odd ||= first !== letterF && first !== letterN;
  } else options.odd ||= name.includes('\\');
}
