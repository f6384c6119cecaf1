import { BadAnswerError } from './bad-answer.ts';
import type { AnswerHead } from './head-reader.ts';

/** What a head says of what comes behind it. */
export interface Framing {
  /** How many bytes the body has, or how its end is found. */
  readonly body: number | 'chunked' | 'until_close';
  /** Whether the connection may be used again. */
  readonly persistent: boolean;
  /** How long the engine says that it keeps it when it is idle; null: it does not say. */
  readonly keepSeconds: number | null;
}

/** Longer than this no answer is; a length beyond it cannot be counted. */
const digits = /^\d{1,15}$/;
const keepTimeout = /(?:^|[,\s])timeout=(\d{1,9})(?:$|[,\s])/i;

/**
 * Where the body of an answer ends (RFC 9112 §6.3). What could be read in two ways is refused: lengths that are said
 * twice, a length beside chunks, and every coding but chunks, as nobody behind us could undo it.
 * @param bodyless the request was such that no answer to it has a body (HEAD)
 * @throws BadAnswerError
 */
export function framingOf({ minor, status, headers }: AnswerHead, bodyless: boolean): Framing {
  const said: Said = {
    length: null,
    chunked: false,
    close: false,
    keepAlive: minor === 1,
    keepSeconds: null,
  };
  for (let index = 0; index + 1 < headers.length; index += 2) {
    listen(said, headers[index] ?? '', headers[index + 1] ?? '');
  }
  const { length, chunked, close, keepAlive, keepSeconds } = said;
  if (chunked && length !== null) throw new BadAnswerError('a length beside chunks');
  // Who does not know of persistent connections does not know of chunks either (RFC 9112 §6.1).
  if (chunked && minor === 0) throw unknownCoding();
  const body = hasNoBody(status) ? 0 : chunked ? 'chunked' : (length ?? 'until_close');
  const persistent = keepAlive && !close && body !== 'until_close';
  return { body: bodyless ? 0 : body, persistent, keepSeconds };
}

/** What its headers say, one after the other. */
interface Said {
  length: number | null;
  chunked: boolean;
  close: boolean;
  keepAlive: boolean;
  keepSeconds: number | null;
}

function listen(said: Said, name: string, value: string): void {
  switch (name) {
    case 'content-length':
      if (said.length !== null) throw new BadAnswerError('two lengths');
      said.length = lengthOf(value);
      break;
    case 'transfer-encoding':
      if (said.chunked || value.toLowerCase() !== 'chunked') throw unknownCoding();
      said.chunked = true;
      break;
    case 'connection':
      said.close ||= names(value, 'close');
      said.keepAlive ||= names(value, 'keep-alive');
      break;
    case 'keep-alive':
      said.keepSeconds = secondsOf(value);
      break;
  }
}

/** Whether it only says that there will be an answer (RFC 9110 §15.2). */
export function isInterim(status: number): boolean {
  return status < 200;
}

function hasNoBody(status: number): boolean {
  return isInterim(status) || status === 204 || status === 304;
}

function lengthOf(value: string): number {
  if (digits.test(value)) return Number(value);
  throw new BadAnswerError('a length that is none');
}

function unknownCoding(): BadAnswerError {
  return new BadAnswerError('a transfer coding that is not chunks');
}

function names(value: string, option: string): boolean {
  const lower = value.toLowerCase();
  if (lower === option) return true;
  return lower.includes(',') && lower.split(',').some((one) => one.trim() === option);
}

/** Not standardised, and said by Node, Apache and nginx alike. */
function secondsOf(value: string): number | null {
  const found = keepTimeout.exec(value);
  return found === null ? null : Number(found[1]);
}
