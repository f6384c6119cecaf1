import { EventEmitter } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { createLifecycle, type LifecycleOptions } from './lifecycle.ts';
import { createLogger } from './logger.ts';

class Host extends EventEmitter {
  readonly sent: unknown[] = [];
  readonly connected: boolean;
  readonly exited: Promise<number>;
  readonly #exit: (code: number) => void;

  constructor(connected = true) {
    super();
    this.connected = connected;
    const { promise, resolve } = Promise.withResolvers<number>();
    this.exited = promise;
    this.#exit = resolve;
  }
  exit(code: number): void {
    this.#exit(code);
  }
  send(message: unknown): boolean {
    return this.sent.push(message) > 0;
  }
}

function setUp(options: Partial<LifecycleOptions> = {}, host = new Host()) {
  const logger = createLogger({ service: 'test', level: 'silent' });
  return { host, lifecycle: createLifecycle({ logger, totalTimeoutMs: 5000, host, ...options }) };
}

describe('createLifecycle', () => {
  test('SIGTERM drains first, then closes in reverse order, one after the other, once', async () => {
    const { host, lifecycle } = setUp();
    const order: string[] = [];
    for (const name of ['pool', 'server']) {
      lifecycle.onClose(name, async () => {
        order.push(`${name} draining=${lifecycle.draining}`);
        await new Promise(setImmediate);
        order.push(`${name} closed`);
      });
    }
    expect(lifecycle.draining).toBe(false);
    host.emit('SIGTERM');
    expect(lifecycle.signal.aborted).toBe(true);
    host.emit('SIGINT');
    host.emit('SIGTERM');
    expect(await host.exited).toBe(0);
    expect(order).toEqual([
      'server draining=true',
      'server closed',
      'pool draining=true',
      'pool closed',
    ]);
    expect(host.eventNames()).toEqual([]);
  });

  test('a second signal says that nobody waits any longer; its echo and the loss of the supervisor do not', async () => {
    let now = 0;
    const { host, lifecycle } = setUp({ now: () => now });
    lifecycle.onClose(
      'waits for it',
      () => new Promise((resolve) => lifecycle.hurry.addEventListener('abort', resolve)),
    );
    host.emit('disconnect');
    host.emit('SIGTERM');
    now = 300;
    host.emit('SIGTERM');
    host.emit('SIGINT');
    expect(lifecycle.hurry.aborted).toBe(false);
    now = 900;
    host.emit('SIGTERM');
    expect(lifecycle.hurry.aborted).toBe(true);
    expect(await host.exited).toBe(0);
  });

  test('a closer that fails or hangs does not keep the others from closing', async () => {
    const { host, lifecycle } = setUp();
    let closed = false;
    lifecycle.onClose('first', () => {
      closed = true;
    });
    lifecycle.onClose('hangs', () => new Promise(() => undefined), 20);
    lifecycle.onClose('fails', () => {
      throw new Error('no');
    });
    await lifecycle.shutDown('test');
    expect(closed).toBe(true);
    expect(await host.exited).toBe(0);
  });

  test('exits with 1 when the total time is over', async () => {
    const { host, lifecycle } = setUp({ totalTimeoutMs: 30 });
    lifecycle.onClose('hangs', () => new Promise(() => undefined), 300);
    host.emit('SIGINT');
    expect(await host.exited).toBe(1);
  });

  test('an unexpected error closes everything and exits with 1', async () => {
    const { host, lifecycle } = setUp();
    let closed = false;
    lifecycle.onClose('pool', () => {
      closed = true;
    });
    host.emit('unhandledRejection', new Error('bug'));
    expect(await host.exited).toBe(1);
    expect(closed).toBe(true);
  });

  test('announces over IPC and ends with its supervisor', async () => {
    const { host, lifecycle } = setUp();
    lifecycle.announceReady({ url: 'http://a', opsUrl: 'http://b' });
    expect(host.sent).toEqual([{ type: 'ready', url: 'http://a', opsUrl: 'http://b' }]);
    host.emit('disconnect');
    expect(await host.exited).toBe(0);
  });

  test('needs no supervisor, and may outlive one', () => {
    const alone = setUp({}, new Host(false));
    alone.lifecycle.announceReady({ url: null, opsUrl: 'http://b' });
    expect(alone.host.sent).toEqual([]);
    expect(alone.host.listenerCount('disconnect')).toBe(0);
    expect(setUp({ endWithSupervisor: false }).host.listenerCount('disconnect')).toBe(0);
  });
});
