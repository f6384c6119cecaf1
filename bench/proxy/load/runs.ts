import { percentile } from '../../percentile.ts';
import { Client } from './client.ts';
import type { Asked, LoadOrder, RunResult } from './orders.ts';
import { requestsOf } from './requests-of.ts';

type Order<Kind extends LoadOrder['kind']> = Extract<LoadOrder, { readonly kind: Kind }>;

/** Later than this a timer was late because the generator was busy, and that counts as waiting time. */
const timerSlackMs = 2;
/** How long answers may take once nothing more is sent. */
const patienceMs = 20_000;
/** How long a run may take that goes by number of requests. */
const numberedMs = 80_000;

/** Microseconds since a time of `performance.now()`. */
const microsSince = (since: number): number => (performance.now() - since) * 1000;

/** Clients of one run, what they measured, and how it ends. */
class Run {
  readonly #asked: Asked;
  readonly #next: () => Buffer;
  readonly #clients: Client[] = [];
  readonly #firstByte: number[] = [];
  readonly #startedAt = performance.now();
  readonly #over = Promise.withResolvers<void>();

  constructor(asked: Asked, inTurn = false) {
    this.#asked = asked;
    this.#next = requestsOf(asked.file, inTurn);
  }

  get startedAt(): number {
    return this.#startedAt;
  }

  client(): Client {
    const client = new Client(this.#asked.port, this.#asked);
    this.#clients.push(client);
    return client;
  }

  send(client: Client, since: number, complete: () => void): void {
    client.send(this.#next(), {
      first: () => this.#firstByte.push(microsSince(since)),
      complete,
      failed: (reason) => this.#over.reject(new Error(reason)),
    });
  }

  done(): void {
    this.#over.resolve();
  }

  /** @param limitMs how long the run takes by itself */
  async result(limitMs: number): Promise<RunResult> {
    const late = (): void => this.#over.reject(new Error('answers did not come'));
    const timer = setTimeout(late, limitMs + patienceMs);
    try {
      await this.#over.promise;
    } finally {
      clearTimeout(timer);
      for (const client of this.#clients) client.close();
    }
    const times = this.#firstByte;
    return {
      requests: times.length,
      seconds: (performance.now() - this.#startedAt) / 1000,
      reconnects: this.#clients.reduce((sum, { reconnects }) => sum + reconnects, 0),
      p50: percentile(times, 0.5),
      p99: percentile(times, 0.99),
      max: percentile(times, 1),
    };
  }
}

/** A closed loop: each of the connections sends its next request when its answer is complete. Saturates. */
export function closedLoop(order: Order<'closed'>): Promise<RunResult> {
  const run = new Run(order, 'requests' in order);
  const ms = 'ms' in order ? order.ms : numberedMs;
  let sent = 0;
  let finished = 0;
  const goesOn = (): boolean =>
    'requests' in order ? sent < order.requests : performance.now() - run.startedAt < ms;
  const next = (client: Client): void => {
    sent += 1;
    run.send(client, performance.now(), () => {
      finished += 1;
      if (goesOn()) next(client);
      else if (finished === sent) run.done();
    });
  };
  for (let index = 0; index < order.connections; index += 1) next(run.client());
  return run.result(ms);
}

/**
 * An open loop: requests leave at a fixed rate whatever becomes of those before, on a new connection where none
 * is free, and their times count from when they were due. So a proxy that stands still for 100 ms shows that in
 * every request that came meanwhile, and not in one of them (coordinated omission).
 */
export function openLoop(order: Order<'open'>): Promise<RunResult> {
  const { ms, perSecond } = order;
  const run = new Run(order);
  const free: Client[] = [];
  const total = Math.floor((ms / 1000) * perSecond);
  let sent = 0;
  let finished = 0;
  const one = (since: number): void => {
    const client = free.pop() ?? run.client();
    run.send(client, since, () => {
      free.push(client);
      finished += 1;
      if (finished === total) run.done();
    });
  };
  const tick = (): void => {
    const now = performance.now();
    const dueAt = () => run.startedAt + (sent * 1000) / perSecond;
    for (; sent < total && dueAt() <= now; sent += 1) {
      one(now - dueAt() > timerSlackMs ? dueAt() : now);
    }
    if (sent < total) setTimeout(tick, Math.max(0, dueAt() - now));
  };
  tick();
  return run.result(ms);
}

/** As many new connections at once, with one request each. */
export function storm(order: Order<'storm'>): Promise<RunResult> {
  const run = new Run(order);
  let finished = 0;
  for (let index = 0; index < order.connections; index += 1) {
    run.send(run.client(), run.startedAt, () => {
      finished += 1;
      if (finished === order.connections) run.done();
    });
  }
  return run.result(0);
}
