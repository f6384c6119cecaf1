import type { Address } from '@wakefield/domain';
import { authorityOf, remembered } from '@wakefield/runtime';
import { unsendable } from '../header-value.ts';

/** Nothing of a request that cannot be written has left us. */
export class UnsendableError extends Error {
  override readonly name = 'UnsendableError';
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const isToken = remembered((name) => token.test(name));
/** Not in a target: blanks besides. */
const noTarget = /[^\x21-\x7e\x80-\xff]/;

/** How the head of every request to this engine ends its first line, and what its second says. */
export function hostLines(address: Address): string {
  return ` HTTP/1.1\r\nhost: ${authorityOf(address)}\r\n`;
}

/**
 * The head of a POST, a character for each byte (latin1).
 * @param headers names and values by turns; none that says how long the body is
 * @throws UnsendableError when a character could be taken for anything but itself
 */
export function requestHead(
  path: string,
  host: string,
  headers: readonly string[],
  bodyBytes: number,
): string {
  return `${linesOf('POST', path, host, headers)}content-length: ${bodyBytes}\r\n\r\n`;
}

/**
 * The head of an offer of WebSocket (RFC 6455 §4.1), which has no body.
 * @param headers names and values by turns; those of the handshake, but none that speaks of the connection
 * @throws UnsendableError as above
 */
export function offerHead(path: string, host: string, headers: readonly string[]): string {
  const offer = 'connection: Upgrade\r\nupgrade: websocket\r\n\r\n';
  return `${linesOf('GET', path, host, headers)}${offer}`;
}

function linesOf(
  method: 'GET' | 'POST',
  path: string,
  host: string,
  headers: readonly string[],
): string {
  if (noTarget.test(path)) throw new UnsendableError('the path cannot be sent');
  let head = `${method} ${path}${host}`;
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? '';
    const value = headers[index + 1] ?? '';
    if (!isToken(name) || unsendable.test(value)) {
      throw new UnsendableError('a header cannot be sent');
    }
    head += `${name}: ${value}\r\n`;
  }
  return head;
}
