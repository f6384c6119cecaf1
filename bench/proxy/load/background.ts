import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { percentile } from '../../percentile.ts';
import { Client } from './client.ts';
import type { LagResult, LoadOrder } from './orders.ts';
import { requestsOf } from './requests-of.ts';

type Order<Kind extends LoadOrder['kind']> = Extract<LoadOrder, { readonly kind: Kind }>;

/** What goes on until it is released. */
export interface Background {
  /** What went wrong since it began; null: nothing. */
  readonly problem: () => string | null;
  lag(ms: number): Promise<LagResult>;
  release(): void;
}

const beatMs = 50;
const stampPattern = /t=(\d{16})/g;

/** Streams that are opened over a while and stay open. Resolves when each has its first byte. */
export async function hold(order: Order<'hold'>): Promise<Background> {
  const next = requestsOf(order.file, false);
  let problem: string | null = null;
  let lags: number[] | null = null;
  const clients: Client[] = [];
  const open = (): Promise<void> =>
    new Promise((resolve, reject) => {
      // An event that comes in two pieces is not timed: few do.
      const client = new Client(order.port, order, (bytes) => {
        if (lags !== null) lags.push(...lagsOf(bytes));
      });
      const failed = (reason: string): void => {
        problem ??= reason;
        reject(new Error(reason));
      };
      clients.push(client);
      client.send(next(), { first: resolve, complete: () => failed('a stream has ended'), failed });
    });
  const begun: Promise<void>[] = [];
  const startedAt = performance.now();
  for (let index = 0; index < order.connections; index += 1) {
    const early = (index * order.spreadMs) / order.connections - (performance.now() - startedAt);
    if (early > 1) await pause(early);
    begun.push(open());
  }
  await Promise.all(begun);
  return {
    problem: () => problem,
    lag: async (ms) => {
      const found: number[] = [];
      lags = found;
      await pause(ms);
      lags = null;
      const at = (share: number): number => percentile(found, share);
      return { chunks: found.length, p50: at(0.5), p99: at(0.99), max: at(1) };
    },
    release: () => {
      for (const client of clients) client.close();
    },
  };
}

function lagsOf(bytes: Buffer): readonly number[] {
  // The same clock as the engine's: CLOCK_MONOTONIC.
  const now = Number(process.hrtime.bigint() / 1000n);
  return [...bytes.toString('latin1').matchAll(stampPattern)].map(([, at]) =>
    Math.max(0, now - Number(at)),
  );
}

/** Clients that take a large answer a little at a time. */
export function slowReaders(order: Order<'slow'>): Background {
  const next = requestsOf(order.file, false);
  let problem: string | null = null;
  const sockets = Array.from({ length: order.connections }, () => {
    const socket = connect({ port: order.port, host: '127.0.0.1' });
    socket.pause();
    socket.write(next());
    socket.on('error', (error) => (problem ??= error.message));
    socket.on('end', () => (problem ??= 'a slow reader was cut off'));
    return socket;
  });
  const timer = setInterval(() => {
    for (const socket of sockets) socket.read(Math.ceil((order.perSecond * beatMs) / 1000));
  }, beatMs);
  return inBackground(
    () => problem,
    () => {
      clearInterval(timer);
      for (const socket of sockets) socket.destroy();
    },
  );
}

const wrong = [
  '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03 this is TLS where none is spoken',
  'POST /p/demo/openai/v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  'POST /p/demo/openai/v1/chat/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
  'GET /p/demo/openai/v1/models HTTP/1.1\r\nno colon here\r\n\r\n',
  'POST /p/demo/openai/v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{"model":',
  '\r\n\r\n\r\n GET GET GET',
];
const garbageStaysMs = 2000;

/** A client that sends what is not HTTP, or only looks like it, on a new connection each time. */
export function garbage(order: Order<'garbage'>): Background {
  let turn = 0;
  const timer = setInterval(() => {
    const socket = connect({ port: order.port, host: '127.0.0.1' });
    socket.on('error', () => socket.destroy());
    socket.resume().write(Buffer.from(wrong[turn % wrong.length] ?? '', 'latin1'));
    setTimeout(() => socket.destroy(), garbageStaysMs).unref();
    turn += 1;
  }, 1000 / order.perSecond);
  return inBackground(
    () => null,
    () => clearInterval(timer),
  );
}

function inBackground(problem: () => string | null, release: () => void): Background {
  return {
    problem,
    lag: () => Promise.reject(new Error('no streams are held')),
    release,
  };
}
