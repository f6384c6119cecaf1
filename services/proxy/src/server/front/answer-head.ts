import { STATUS_CODES, validateHeaderName, validateHeaderValue } from 'node:http';
import { remembered } from '@wakefield/runtime';
import { unsendable } from '../../header-value.ts';

/**
 * How the end of an answer's body is told.
 * - `length` by its length, which is among its headers
 * - `chunks` by a last chunk
 * - `none`   there is no body
 */
export type Framing = 'length' | 'chunks' | 'none';

export interface AnswerHead {
  readonly text: string;
  readonly framing: Framing;
}

/** What an answer says of its connection. */
export interface ConnectionWords {
  readonly stays: string;
  readonly ends: string;
}

export function connectionWords(keepAliveTimeoutMs: number): ConnectionWords {
  const seconds = Math.floor(keepAliveTimeoutMs / 1000);
  return {
    stays: `Connection: keep-alive\r\nKeep-Alive: timeout=${seconds}\r\n`,
    ends: 'Connection: close\r\n',
  };
}

/**
 * The head of an answer, to the byte as node:http writes it.
 * @param headers names and values by turns
 * @param words what becomes of the connection
 * @param date of now, in the form of HTTP
 * @throws TypeError when a header could not be one, Error when it speaks of the connection: both are said here
 */
export function answerHead(
  status: number,
  headers: readonly string[],
  words: string,
  date: string,
): AnswerHead {
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'unknown'}\r\n`;
  let hasLength = false;
  let hasDate = false;
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? '';
    const value = headers[index + 1] ?? '';
    checkValue(name, value);
    text += `${name}: ${value}\r\n`;
    const ruled = ruledName(name);
    if (ruled === 'date') hasDate = true;
    else if (ruled === 'content-length') hasLength = true;
    else if (ruled !== null) throw new Error(`the header ${ruled} is not for this answer to send`);
  }
  if (!hasDate) text += `Date: ${date}\r\n`;
  text += words;
  // RFC 9110 §6.4.1. Whatever is written there as a body, is not sent.
  if (status === 204 || status === 304) return { text: `${text}\r\n`, framing: 'none' };
  if (hasLength) return { text: `${text}\r\n`, framing: 'length' };
  return { text: `${text}Transfer-Encoding: chunked\r\n\r\n`, framing: 'chunks' };
}

/** Refuses what node:http refuses, whose own check takes longer. */
function checkValue(name: string, value: string): void {
  if (unsendable.test(value)) validateHeaderValue(name, value);
}

/** Those that frame an answer or speak of its connection. Engines send the same names again and again. @throws TypeError */
const ruledName = remembered((given: string): string | null => {
  validateHeaderName(given);
  const name = given.toLowerCase();
  return ruled.has(name) ? name : null;
});

const ruled: ReadonlySet<string> = new Set([
  'date',
  'content-length',
  'connection',
  'keep-alive',
  'trailer',
  'transfer-encoding',
]);
