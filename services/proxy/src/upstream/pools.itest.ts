import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Transport } from '@wakefield/control';
import type { Endpoint } from '@wakefield/domain';
import { answerOf, type BareEngine, startBareEngine } from '../../test/bare-engine.ts';
import { endpoint, until } from '../../test/harness.ts';
import { Listener } from '../../test/listener.ts';
import { noLimits } from '../../test/pool-scene.ts';
import { createDialer } from './dial.ts';
import { createUpstreamPools, type UpstreamPools } from './pools.ts';

const patience = { endedGraceMs: 50, endedQuietMs: 100 };
let engine: BareEngine;
let pools: UpstreamPools;
let now = 0;

const open = (transport: Transport | null = null) =>
  createUpstreamPools(
    () => transport,
    patience,
    () => now,
  );
const limits = { ...noLimits, connectMs: 5000 };
const post = (to: Endpoint, body = Buffer.from('{}')) => {
  const listener = new Listener();
  const request = { offer: null, path: '/v1/x', headers: [], onNewConnection: false, limits };
  pools.post(to, { ...request, body }, listener);
  return listener;
};
const here = () => endpoint(engine.address.port, 'job-1');
const asked = (index: number) =>
  until('asked', () => engine.lines[index]?.heard().includes('POST') === true);

beforeEach(async () => {
  engine = await startBareEngine();
  pools = open();
});

afterEach(async () => {
  pools.close();
  await engine.close();
});

describe('connections to engines', () => {
  it('are of one endpoint each, and its own again when its job is routed to anew', async () => {
    const other = await startBareEngine();
    post(here());
    post(endpoint(other.address.port, 'job-2'));
    await asked(0);
    await until('asked', () => other.lines.length === 1);
    pools.retain({ endpoints: new Map(), serving: new Set(['job-1', 'job-2']) });
    engine.lines[0]?.say(answerOf('ok'));
    await until('closed', () => engine.lines[0]?.ended() === true);
    post(here());
    await asked(1);
    await other.close();
  });

  it('follow a job to where it is now', async () => {
    const first = post(here());
    await asked(0);
    const other = await startBareEngine();
    const second = post(endpoint(other.address.port, 'job-1'));
    await until('asked', () => other.lines.length === 1);
    // Its engine at the old place may be well: one more look, and nothing came.
    await until('given up', () => first.error?.name === 'JobEndedError');
    await until('told', () => engine.lines[0]?.ended() === true);
    expect(second.over).toBe(false);
    await other.close();
  });

  it('are given up while they come about, when the job has ended', async () => {
    let given: AbortSignal | null = null;
    pools = open({
      kind: 'ssh',
      connect: (_, signal) => {
        given = signal;
        return new Promise(() => undefined);
      },
      close: async () => undefined,
    });
    const listener = post(here());
    pools.retain({ endpoints: new Map(), serving: new Set() });
    await until('given up', () => listener.error?.name === 'JobEndedError');
    expect(listener.control).toBeNull();
    expect(given).not.toBeNull();
  });

  it('come about in five seconds, or not at all', async () => {
    let signals: AbortSignal[] = [];
    pools = open({
      kind: 'ssh',
      connect: (_, signal) => {
        signals = [...signals, signal];
        return new Promise((__, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        });
      },
      close: async () => undefined,
    });
    const listener = post(here());
    now += 4999;
    pools.sweep();
    expect(signals[0]?.aborted).toBe(false);
    now += 1;
    pools.sweep();
    await until('given up', () => listener.error?.name === 'EngineTimeoutError');
    expect(listener.control).toBeNull();
    expect(signals).toHaveLength(1);
  });

  it('can be given up over straight TCP, too', async () => {
    const failures: Error[] = [];
    const giveUp = createDialer(
      null,
      engine.address,
    )({
      connected: () => failures.push(new Error('connected')),
      failed: (error) => failures.push(error),
    });
    giveUp(new Error('no connection in time'));
    await until('given up', () => failures.length > 0);
    expect(failures.map(({ message }) => message)).toEqual(['no connection in time']);
  });

  it('are closed at once when the process ends, and nobody is told', async () => {
    const listener = post(here());
    await asked(0);
    pools.close();
    await until('closed', () => engine.lines[0]?.ended() === true);
    expect(listener.over).toBe(false);
  });
});

describe('the body of a request', () => {
  it('is let go of once it is sent, however long the answer takes', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const send = () => {
      const body = Buffer.alloc(2 << 20, 'x');
      return { kept: new WeakRef(body.buffer), listener: post(here(), body) };
    };
    const { kept, listener } = send();
    const line = () => engine.lines[0];
    await until('sent', () => (line()?.heard().length ?? 0) > 2 << 20);
    line()?.say('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab');
    await until('begun', () => listener.body === 'ab');
    await until('let go of', () => {
      collect();
      return kept.deref() === undefined;
    });
    line()?.say('cd');
    await until('complete', () => listener.ended);
  });
});
