import { afterEach, beforeEach } from '@jest/globals';
import type { TimeLimits } from '@wakefield/domain';
import { ConnectionPool } from '../src/upstream/connection-pool.ts';
import { createDialer } from '../src/upstream/dial.ts';
import { hostLines } from '../src/upstream/request-head.ts';
import { answerOf, type BareEngine, type Line, startBareEngine } from './bare-engine.ts';
import { until } from './harness.ts';
import { Listener } from './listener.ts';

const never = Number.POSITIVE_INFINITY;
export const noLimits: TimeLimits = {
  connectMs: never,
  firstByteMs: never,
  betweenBytesMs: never,
  totalMs: never,
};

/** Connections to one engine, new for each test. */
class PoolScene {
  engine: BareEngine;
  pool: ConnectionPool;
  /** Of the pool's clock. */
  now = 1000;
  /** Of the requests that come next. */
  limits = noLimits;

  constructor(engine: BareEngine) {
    this.engine = engine;
    this.pool = this.poolTo(engine.address);
  }

  poolTo(address: BareEngine['address']): ConnectionPool {
    return new ConnectionPool(hostLines(address), createDialer(null, address), () => this.now);
  }

  post(
    { body = '{}', onNewConnection = false }: { body?: string; onNewConnection?: boolean } = {},
    listener = new Listener(),
  ): Listener {
    const request = {
      offer: null,
      path: '/v1/x',
      headers: ['a', 'b'],
      body: Buffer.from(body),
      onNewConnection,
    };
    this.pool.post({ ...request, limits: this.limits }, listener);
    return listener;
  }

  /** The connection on which so many requests have come in all. */
  async asked(index: number, count = 1): Promise<Line> {
    const of = (line: Line | undefined) => line?.heard().match(/POST \/v1\/x /g)?.length ?? 0;
    await until('asked', () => of(this.engine.lines[index]) === count);
    const line = this.engine.lines[index];
    if (line === undefined) throw new Error('no such connection');
    return line;
  }

  /** One request, and its answer. */
  async exchange(index: number, count: number, answer = answerOf('ok')): Promise<Listener> {
    const listener = this.post();
    (await this.asked(index, count)).say(answer);
    return await over(listener);
  }
}

/** The scene, renewed before each test. */
export function usePool(): () => PoolScene {
  let scene: PoolScene | null = null;
  beforeEach(async () => {
    scene = new PoolScene(await startBareEngine());
  });
  afterEach(async () => {
    scene?.pool.destroy();
    await scene?.engine.close();
  });
  return () => {
    if (scene === null) throw new Error('the scene is not set yet');
    return scene;
  };
}

export async function over(listener: Listener): Promise<Listener> {
  await until('over', () => listener.over);
  return listener;
}
