import { createServer, type Socket } from 'node:net';
import { serveQuestions } from '../../child/serve-questions.ts';
import { answerOf } from '../wire.ts';

/**
 * An engine that costs next to nothing: bare sockets, ready-made bytes. The header `x-bench` says what to answer
 * (see `Shape`). It reads requests as the proxies under test write them: a head, `content-length`, a body.
 */
const headEnd = Buffer.from('\r\n\r\n');

const server = createServer({ noDelay: true }, (socket) => {
  let pending: Buffer = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.on('data', (piece: Buffer) => {
    pending = pending.length === 0 ? piece : Buffer.concat([pending, piece]);
    for (let size = requestSize(pending); size !== null; size = requestSize(pending)) {
      const head = pending.toString('latin1', 0, pending.indexOf(headEnd));
      pending = pending.subarray(size);
      void reply(socket, /x-bench: (\S+)/i.exec(head)?.[1] ?? 'json');
    }
  });
});

/** @returns bytes of the first request; null while it is not complete */
function requestSize(bytes: Buffer): number | null {
  const end = bytes.indexOf(headEnd);
  if (end === -1) return null;
  const length = /content-length: (\d+)/i.exec(bytes.toString('latin1', 0, end))?.[1];
  const size = end + headEnd.length + Number(length ?? 0);
  return bytes.length >= size ? size : null;
}

async function reply(socket: Socket, name: string): Promise<void> {
  const { head, event, events, gapMs, end } = answerOf(name);
  socket.write(head);
  for (let sent = 0; sent < events && !socket.destroyed; sent += 1) {
    if (sent > 0) await pause(gapMs);
    socket.write(event);
  }
  if (end !== null) socket.write(end);
}

/** Without a gap the events are separate writes all the same, as those of an engine are. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (ms === 0) setImmediate(resolve);
    else setTimeout(resolve, ms);
  });
}

server.listen(0, '127.0.0.1', () => {
  serveQuestions(() => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
});
