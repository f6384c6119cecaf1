import { createServer, type Socket } from 'node:net';
import { serveLines } from '../../child/serve-lines.ts';
import { answers, parseShape } from '../wire.ts';

/**
 * The engine for where there is no C compiler; it costs little: bare sockets, ready-made bytes. It reads requests as the
 * proxies under test write them: a head, `content-length`, a body.
 */
const headEnd = Buffer.from('\r\n\r\n');
/** How far into a body the prompt begins at most, and how far from its end an option may stand. */
const lookIn = 4096;
const asksUsage = /"include_usage" *: *true/;
let requests = 0;

const chunkOf = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
const plain = (text: string): Buffer =>
  Buffer.from(
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`,
  );
const json = plain(answers.json);
const streamHead = Buffer.from(
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n',
);
const event = Buffer.from(chunkOf(answers.event));
const stampAt = event.indexOf('t=0') + 2;
const streamEnd = Buffer.from(`${chunkOf(answers.done)}0\r\n\r\n`);
const usage = Buffer.from(chunkOf(answers.usage));

const server = createServer({ noDelay: true }, (socket) => {
  let pending: Buffer = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.on('data', (piece: Buffer) => {
    pending = pending.length === 0 ? piece : Buffer.concat([pending, piece]);
    for (let found = requestIn(pending); found !== null; found = requestIn(pending)) {
      pending = pending.subarray(found.size);
      void reply(socket, found);
    }
  });
});

interface Found {
  readonly size: number;
  readonly head: string;
  readonly body: Buffer;
}

/** @returns the first request; null while it is not complete */
function requestIn(bytes: Buffer): Found | null {
  const end = bytes.indexOf(headEnd);
  if (end === -1) return null;
  const head = bytes.toString('latin1', 0, end);
  const start = end + headEnd.length;
  const size = start + Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
  return bytes.length < size ? null : { size, head, body: bytes.subarray(start, size) };
}

async function reply(socket: Socket, { head, body }: Found): Promise<void> {
  if (!head.startsWith('POST ')) {
    socket.write(plain(head.includes('/models ') ? answers.models : '{}'));
    return;
  }
  requests += 1;
  const near = body.toString('latin1', 0, lookIn);
  const { events, gapMs, bytes } = parseShape(/shape=(\S+)/.exec(near)?.[1] ?? 'json');
  if (bytes > 0) socket.write(plain(`{"x":"${'x'.repeat(bytes - 8)}"}`));
  else if (events === 0) socket.write(json);
  else {
    socket.write(streamHead);
    await stream(socket, events, gapMs);
    const withUsage = asksUsage.test(near + body.toString('latin1', body.length - lookIn));
    if (withUsage) socket.write(usage);
    socket.write(streamEnd);
  }
}

/** Without a gap the events are separate writes all the same, as those of an engine are. */
async function stream(socket: Socket, events: number, gapMs: number): Promise<void> {
  const startedAt = performance.now();
  for (let sent = 0; sent < events && !socket.destroyed; sent += 1) {
    const early = startedAt + sent * gapMs - performance.now();
    if (sent > 0) await pause(gapMs === 0 ? 0 : Math.max(1, early));
    const bytes = Buffer.from(event);
    const now = String(process.hrtime.bigint() / 1000n).padStart(16, '0');
    bytes.write(now, stampAt, 'latin1');
    socket.write(bytes);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (ms === 0) setImmediate(resolve);
    else setTimeout(resolve, ms);
  });
}

server.listen({ port: 0, host: '127.0.0.1', backlog: 16_384 }, () => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  serveLines({ port }, () => ({ requests }));
});
