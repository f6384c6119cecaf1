import { JsonCursor } from './json-cursor.ts';

/** Tokens of one answer as the engine counted them. */
export interface Usage {
  readonly prompt: number;
  readonly completion: number;
}

/** An unescaped quote cannot stand inside of a JSON string, so no text of an answer looks like this. */
const mark = Buffer.from('"usage"');
const colon = 0x3a;
const openBrace = 0x7b;

/** The last `usage` object in a piece of an answer's end; null where there is none. */
export function findUsage(bytes: Buffer): Usage | null {
  const at = bytes.lastIndexOf(mark);
  if (at === -1) return null;
  const cursor = new JsonCursor(bytes);
  cursor.at = at + mark.length;
  if (!cursor.take(colon) || cursor.peek() !== openBrace) return null;
  const from = cursor.at;
  if (!cursor.skipValue()) return null;
  return toUsage(JSON.parse(bytes.toString('utf8', from, cursor.at)));
}

function toUsage(value: Readonly<Record<string, unknown>>): Usage {
  return { prompt: count(value.prompt_tokens), completion: count(value.completion_tokens) };
}

function count(value: unknown): number {
  return typeof value === 'number' && value > 0 && Number.isFinite(value) ? value : 0;
}
