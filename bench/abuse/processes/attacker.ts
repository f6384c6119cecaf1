import { connect, type Socket } from 'node:net';
import { serveLines } from '../../child/serve-lines.ts';
import { benchKey, readyModel } from '../../proxy/wire.ts';
import type { Deed } from '../abuses.ts';

/** What an attacker is told. */
export type AttackOrder =
  | {
      readonly kind: 'begin';
      readonly port: number;
      readonly deed: Deed;
      readonly connections: number;
      /** Connections are opened over so long. */
      readonly spreadMs: number;
    }
  | { readonly kind: 'look' | 'end' };

/** How it stands. Times in milliseconds from when a connection was there. */
export interface Standing {
  readonly opened: number;
  /** Could not be opened, or not be kept until it had said anything. */
  readonly failed: number;
  /** First statuses that were read, and how many. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Ended without an answer. */
  readonly silent: number;
  /** Until there was an answer, or the connection was ended without one. */
  readonly answeredAfter: Range | null;
  /** Of all connections, at this end. */
  readonly ports: readonly number[];
  readonly sentBytes: number;
}

export interface Range {
  readonly least: number;
  readonly most: number;
}

const target = '/p/demo/openai/v1/chat/completions';
const beatMs = 500;
const piece = 'x'.repeat(64 * 1024);
const own = `POST ${target} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${benchKey}\r\n`;
const health = 'GET /health HTTP/1.1\r\nhost: x\r\n\r\n';

function asking(shape: string): string {
  const body = JSON.stringify({
    messages: [{ role: 'user', content: `shape=${shape} ` }],
    model: readyModel,
    stream: shape.startsWith('stream'),
  });
  return `${own}content-length: ${body.length}\r\n\r\n${body}`;
}

interface Plan {
  /** At once. */
  readonly first: string;
  /** Every half second, to the end. */
  readonly beat?: string;
  /** As fast as it is taken, to the end. */
  readonly flood?: string;
  readonly deaf?: boolean;
  /** Once there is an answer. */
  readonly afterwards?: string;
}

const plans: Readonly<Record<Deed, Plan>> = {
  silent: { first: '' },
  idle: { first: health },
  'slow-head': { first: `POST ${target} HTTP/1.1\r\nhost: x\r\nx: `, beat: 'y' },
  'long-header': { first: `${own}x: ${piece}` },
  'many-headers': { first: own, flood: 'x: y\r\n'.repeat(2000) },
  'endless-chunks': {
    first: `${own}transfer-encoding: chunked\r\n\r\n`,
    flood: `${piece.length.toString(16)}\r\n${piece}\r\n`,
  },
  'tiny-chunks': {
    first: `${own}transfer-encoding: chunked\r\n\r\n`,
    flood: '1\r\n \r\n'.repeat(10_000),
  },
  'endless-length': { first: `${own}content-length: ${10 ** 12}\r\n\r\n`, flood: piece },
  'slow-body': { first: `${own}content-length: 100000\r\n\r\n{"model":`, beat: ' ' },
  deaf: { first: asking(`bytes-${64 * 1024 * 1024}`), beat: 'G', deaf: true },
  'deaf-stream': { first: asking('stream-10000000-0'), beat: 'G', deaf: true },
  'deaf-pipeline': { first: health, flood: health.repeat(500), deaf: true },
  clinging: { first: 'no request\r\n\r\n' },
  tunnel: { first: 'CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n', afterwards: health },
};

interface Connection {
  readonly socket: Socket;
  at: number;
  port: number;
  status: string | null;
  answeredAt: number | null;
  endedAt: number | null;
}

let all: Connection[] = [];
let failed = 0;
let beat: NodeJS.Timeout | undefined;

serveLines({}, async (line) => {
  const order = JSON.parse(line) as AttackOrder;
  if (order.kind === 'begin') await begin(order);
  const standing = standingOf();
  if (order.kind === 'end') end();
  return standing;
});

async function begin({
  port,
  deed,
  connections,
  spreadMs,
}: Extract<AttackOrder, { readonly kind: 'begin' }>): Promise<void> {
  const plan = plans[deed];
  const startedAt = performance.now();
  for (let index = 0; index < connections; index += 1) {
    const early = (index * spreadMs) / connections - (performance.now() - startedAt);
    if (early > 1) await new Promise((resolve) => setTimeout(resolve, early));
    open(port, plan);
  }
  const { beat: word } = plan;
  if (word !== undefined)
    beat = setInterval(() => {
      for (const { socket, endedAt } of all)
        if (endedAt === null && socket.writable) socket.write(word);
    }, beatMs);
}

function open(port: number, plan: Plan): void {
  // Who clings does not answer the end with an end.
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  const one: Connection = { socket, at: 0, port: 0, status: null, answeredAt: null, endedAt: null };
  socket.on('error', () => undefined);
  socket.on('connect', () => {
    one.at = performance.now();
    one.port = socket.localPort ?? 0;
    all.push(one);
    if (plan.first !== '') socket.write(plan.first, 'latin1');
    if (plan.flood !== undefined) flood(socket, plan.flood);
  });
  socket.on('close', () => {
    if (one.at === 0) failed += 1;
    one.endedAt ??= performance.now();
  });
  if (plan.deaf === true) return;
  socket.on('data', (bytes: Buffer) => {
    if (one.status !== null) return;
    one.status = /^HTTP\/1\.1 (\d{3})/.exec(bytes.toString('latin1', 0, 12))?.[1] ?? '?';
    one.answeredAt = performance.now();
    if (plan.afterwards !== undefined) socket.write(plan.afterwards);
  });
}

/** Goes on whatever is said to it. */
function flood(socket: Socket, text: string): void {
  const bytes = Buffer.from(text, 'latin1');
  const go = (): void => {
    if (!socket.writable) return;
    if (socket.write(bytes)) setImmediate(go);
    else socket.once('drain', go);
  };
  go();
}

function standingOf(): Standing {
  const statuses: Record<string, number> = {};
  for (const { status } of all) if (status !== null) statuses[status] = (statuses[status] ?? 0) + 1;
  // By what this end sees: who does not close hears of no end.
  const ended = all.filter(({ endedAt }) => endedAt !== null);
  return {
    opened: all.length,
    failed,
    statuses,
    silent: ended.filter(({ status }) => status === null).length,
    answeredAfter: rangeOf(
      all.map(({ at, answeredAt, endedAt }) => (answeredAt ?? endedAt ?? at) - at),
    ),
    ports: all.map(({ port }) => port),
    sentBytes: all.reduce(
      (sum, { socket }) => sum + socket.bytesWritten - socket.writableLength,
      0,
    ),
  };
}

function rangeOf(times: readonly number[]): Range | null {
  if (times.length === 0) return null;
  const sorted = times.toSorted((a, b) => a - b);
  return { least: sorted[0] ?? 0, most: sorted.at(-1) ?? 0 };
}

function end(): void {
  clearInterval(beat);
  for (const { socket } of all) socket.destroy();
  all = [];
  failed = 0;
}
