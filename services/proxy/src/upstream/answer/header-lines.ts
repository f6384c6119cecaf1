import { remembered } from '@wakefield/runtime';
import { BadAnswerError } from './bad-answer.ts';

/** How a status line begins (RFC 9112 §4): HTTP/1.1, or HTTP/1.0 as some small servers still speak it. */
const protocol = 'HTTP/1.';
const minorAt = 7;
const statusAt = 9;
const reasonAt = 13;
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Neither in a reason nor in a value: controls, among them CR and LF (RFC 9110 §5.5). */
const forbidden = /[^\t\x20-\x7e\x80-\xff]/;

/** What a status line says. The reason is nobody's business. */
export interface StatusLine {
  /** Of HTTP/1.x. */
  readonly minor: 0 | 1;
  readonly status: number;
}

/** @throws BadAnswerError on what no line of a head contains */
export function checkText(text: string): void {
  if (forbidden.test(text)) throw new BadAnswerError('a control character in a head');
}

/**
 * Whether a status line may begin so. Whoever speaks something else may wait for us to speak, and its line would
 * never end.
 */
export function mayBeStatusLine(begun: string): boolean {
  const length = Math.min(begun.length, reasonAt);
  for (let index = 0; index < length; index += 1) {
    if (!fits(begun.charCodeAt(index), index)) return false;
  }
  return true;
}

/** @throws BadAnswerError */
export function readStatusLine(line: string): StatusLine {
  if (line.length < reasonAt - 1 || !mayBeStatusLine(line))
    throw new BadAnswerError('no status line');
  return {
    minor: line.charCodeAt(minorAt) === 0x30 ? 0 : 1,
    status: Number(line.slice(statusAt, statusAt + 3)),
  };
}

/**
 * Adds name, in lower case, and value of one line to the list. A line that goes on with the one before (obs-fold,
 * RFC 9112 §5.2) has no name, and is refused by that.
 * @throws BadAnswerError
 */
export function readField(line: string, into: string[]): void {
  const colon = line.indexOf(':');
  const name = nameOf(line.slice(0, Math.max(0, colon)));
  into.push(name, withoutBlanks(line, colon + 1));
}

/** Engines send the same names again and again: of each there is one text, by which it is soon found elsewhere. */
const nameOf = remembered((name: string): string => {
  if (!token.test(name)) throw new BadAnswerError('a header without a proper name');
  return name.toLowerCase();
});

function fits(code: number, index: number): boolean {
  if (index < minorAt) return code === protocol.charCodeAt(index);
  if (index === minorAt) return code === 0x30 || code === 0x31;
  if (index === statusAt - 1 || index === reasonAt - 1) return code === 0x20;
  // There is no status below 100 (RFC 9110 §15).
  return code <= 0x39 && code >= (index === statusAt ? 0x31 : 0x30);
}

/** Spaces and tabs only: to `trim` a byte of UTF-8 may look like one (0xa0). */
function withoutBlanks(line: string, from: number): string {
  let start = from;
  let end = line.length;
  while (start < end && isBlank(line.charCodeAt(start))) start += 1;
  while (end > start && isBlank(line.charCodeAt(end - 1))) end -= 1;
  return line.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
