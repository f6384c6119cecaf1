import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';

/** RFC 6455 §1.3. */
const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const usualEchoBytes = 8;
const closeFrame = Buffer.from([0x88, 0x00]);

/** Whether engine or api got an offer. */
export function isOffer(request: string): boolean {
  return /\r\nupgrade: websocket\r\n/i.test(request);
}

/** @returns what a careful client would not have offered; null: nothing */
export function offerFault(head: string): string | null {
  const lines = head.split('\r\n').slice(1);
  const has = (line: RegExp): number => lines.filter((one) => line.test(one)).length;
  const isProper =
    /^GET [!-~\x80-\xff]+ HTTP\/1\.1\r\n/.test(head) &&
    has(/^upgrade: websocket$/i) === 1 &&
    has(/^upgrade:/i) === 1 &&
    has(/^connection: upgrade$/i) === 1 &&
    has(/^connection:/i) === 1 &&
    has(/^sec-websocket-version: 13$/i) === 1 &&
    has(/^sec-websocket-key: [A-Za-z0-9+/]{22}==$/i) === 1 &&
    has(/^(?:content-length|transfer-encoding|expect):/i) === 0;
  return isProper ? null : `was offered ${JSON.stringify(head.slice(0, 500))}`;
}

/** The answer to an offer, and what follows: whose it was, then the first bytes again, and goodbye. */
export function answerOffer(socket: Socket, head: string, whose: string): void {
  if (/^GET [^ ]*refuse=1/.test(head)) {
    const text = `not for ${whose}`;
    socket.end(`HTTP/1.1 403 Forbidden\r\ncontent-length: ${text.length}\r\n\r\n${text}`);
    return;
  }
  const key = /\r\nsec-websocket-key: ([^\r]+)/i.exec(head)?.[1] ?? '';
  const accept = createHash('sha1')
    .update(key + guid)
    .digest('base64');
  const first = `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`;
  socket.write(`${first}\x81${String.fromCharCode(whose.length)}${whose}`, 'latin1');
  let left = Number(/^GET [^ ]*echo=(\d+)/.exec(head)?.[1] ?? usualEchoBytes);
  socket.on('data', (bytes: Buffer) => {
    // A frame for each, so that they are the same however the network has cut what came.
    const again = [...bytes.subarray(0, left)].flatMap((byte) => [0x82, 1, byte]);
    left -= again.length / 3;
    if (!socket.writable) return;
    if (left > 0) socket.write(Buffer.from(again));
    else socket.end(Buffer.concat([Buffer.from(again), closeFrame]));
  });
  socket.on('end', () => {
    if (socket.writable) socket.end(closeFrame);
  });
}
