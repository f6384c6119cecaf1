import { AnswerParser } from '../src/upstream/answer/answer-parser.ts';

/** What a client made of what an engine sent before it closed. */
export interface Parsed {
  /** null: no proper head came. */
  readonly status: number | null;
  /** Names in lower case, and values by turns. */
  readonly headers: readonly string[];
  /** latin1: a character for each byte. */
  readonly body: string;
  readonly complete: boolean;
  /** Whether the connection may be used again; null where the answer was not complete. */
  readonly persistent: boolean | null;
}

/** How our parser reads it. */
export function parse(pieces: readonly Buffer[], bodyless = false): Parsed {
  let status: number | null = null;
  let headers: readonly string[] = [];
  let body = '';
  const parser = new AnswerParser({
    onHead: (head) => ({ status, headers } = head),
    onData: (piece) => {
      body += piece.toString('latin1');
    },
  });
  parser.begin(bodyless);
  try {
    for (const piece of pieces) parser.read(piece);
  } catch {
    return { status, headers, body, complete: false, persistent: null };
  }
  const complete = parser.endOfInput();
  const persistent = complete ? (parser.framing?.persistent ?? false) : null;
  return { status, headers, body, complete, persistent };
}

/** The text cut in two at one place. */
export function cutAt(text: string, at: number): readonly Buffer[] {
  return [text.slice(0, at), text.slice(at)]
    .filter((part) => part !== '')
    .map((part) => Buffer.from(part, 'latin1'));
}
