import { endOf, requestBytes, type Shape } from '../wire.ts';
import { Client } from './client.ts';

export interface RunOptions {
  readonly port: number;
  readonly shape: Shape;
  readonly model: string;
  /** New requests are sent for so long; those under way are waited for. */
  readonly ms: number;
}

/** What one run of load brought. Times in microseconds. */
export interface RunResult {
  readonly requests: number;
  readonly seconds: number;
  readonly firstByte: readonly number[];
}

/** Later than this a timer was late because the generator was busy, and that counts as waiting time. */
const timerSlackMs = 2;

/** A closed loop: each of the connections sends its next request when its answer is complete. Saturates. */
export async function closedLoop(
  options: RunOptions & { readonly connections: number },
): Promise<RunResult> {
  const { port, shape, model, ms, connections } = options;
  const bytes = requestBytes(shape, model);
  const end = endOf(shape);
  const firstByte: number[] = [];
  let requests = 0;
  const startedAt = performance.now();
  const loop = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const client = new Client(port, end);
      const next = (): void => {
        const sentAt = performance.now();
        if (sentAt - startedAt >= ms) {
          client.close();
          resolve();
          return;
        }
        client.send(bytes, {
          first: () => firstByte.push((performance.now() - sentAt) * 1000),
          complete: () => {
            requests += 1;
            next();
          },
          failed: (reason) => reject(new Error(reason)),
        });
      };
      next();
    });
  await Promise.all(Array.from({ length: connections }, loop));
  return { requests, seconds: (performance.now() - startedAt) / 1000, firstByte };
}

/**
 * An open loop: requests leave at a fixed rate whatever becomes of those before, on a new connection where none
 * is free, and their times count from when they were due. So a proxy that stands still for 100 ms shows that in
 * every request that came meanwhile, and not in one of them (coordinated omission).
 */
export async function openLoop(
  options: RunOptions & { readonly perSecond: number },
): Promise<RunResult> {
  const { port, shape, model, ms, perSecond } = options;
  const bytes = requestBytes(shape, model);
  const end = endOf(shape);
  const firstByte: number[] = [];
  const free: Client[] = [];
  const all = new Set<Client>();
  const total = Math.floor((ms / 1000) * perSecond);
  const startedAt = performance.now();
  await new Promise<void>((resolve, reject) => {
    let sent = 0;
    let finished = 0;
    const one = (since: number): void => {
      const client = free.pop() ?? new Client(port, end);
      all.add(client);
      client.send(bytes, {
        first: () => firstByte.push((performance.now() - since) * 1000),
        complete: () => {
          free.push(client);
          finished += 1;
          if (finished === total) resolve();
        },
        failed: (reason) => reject(new Error(reason)),
      });
    };
    const tick = (): void => {
      const now = performance.now();
      const dueAt = () => startedAt + (sent * 1000) / perSecond;
      for (; sent < total && dueAt() <= now; sent += 1) {
        one(now - dueAt() > timerSlackMs ? dueAt() : now);
      }
      if (sent < total) setTimeout(tick, Math.max(0, dueAt() - now));
    };
    tick();
  });
  for (const client of all) client.close();
  return { requests: total, seconds: (performance.now() - startedAt) / 1000, firstByte };
}

/** Opens streams and keeps them open. Resolves when each has its first byte. @returns how to hang up */
export async function openStreams(
  options: Omit<RunOptions, 'ms'> & { readonly count: number },
): Promise<() => void> {
  const { port, shape, model, count } = options;
  const bytes = requestBytes(shape, model);
  const clients = Array.from({ length: count }, () => new Client(port, endOf(shape)));
  const started = clients.map(
    (client) =>
      new Promise<void>((resolve, reject) => {
        client.send(bytes, {
          first: resolve,
          complete: () => reject(new Error('the stream has ended')),
          failed: (reason) => reject(new Error(reason)),
        });
      }),
  );
  await Promise.all(started);
  return () => {
    for (const client of clients) client.close();
  };
}
