import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { type Answer, createConnections } from './connections.ts';

const lingerMs = 1000;

/** Connections under a clock that stands still, and what ended of them. */
function setUp(most = 100) {
  const clock = { at: 50_000 };
  const ended: string[] = [];
  const reasons: string[] = [];
  const connections = createConnections(
    () => clock.at,
    { mostConnections: most, mostPipelined: 3 },
    (reason) => reasons.push(reason),
  );
  const open = (name: string): Socket => {
    const socket = Object.assign(new EventEmitter(), {
      bytesRead: 0,
      bytesWritten: 0,
      writableLength: 0,
      writableEnded: false,
      destroy: () => ended.push(name) > 0 && socket.emit('close'),
    }) as unknown as Socket & { bytesRead: number };
    connections.opened(socket);
    return socket;
  };
  const say = (socket: Socket, bytes: number): void => {
    Object.assign(socket, { bytesRead: socket.bytesRead + bytes });
  };
  const sweepAfter = (ms: number): void => {
    clock.at += ms;
    connections.endIdle(lingerMs);
  };
  return { clock, connections, ended, reasons, open, say, sweepAfter };
}

const answer = (finished: boolean): Answer => ({
  finished,
  closed: finished,
  isEnded: true,
  isLast: false,
  headersSent: true,
  isAsked: true,
  endConnection: () => undefined,
  onceClosed: () => undefined,
});

describe('connections that end', () => {
  it('linger alike when they were opened ahead and when they were used', () => {
    const { clock, connections, ended, open, say, sweepAfter } = setUp();
    open('ahead');
    const used = open('used');
    say(used, 100);
    connections.asked(used, answer(true));
    clock.at += 60_000;
    connections.endIdle(Number.POSITIVE_INFINITY);
    sweepAfter(0);
    sweepAfter(lingerMs - 1);
    expect(ended).toEqual([]);
    sweepAfter(1);
    expect(ended).toEqual(['ahead', 'used']);
  });

  it('stay while a head or an answer is on the way, and linger after it', () => {
    const { connections, ended, open, say, sweepAfter } = setUp();
    const asking = open('asking');
    const streamed = open('streamed');
    say(asking, 10);
    say(streamed, 100);
    const response = answer(false);
    connections.asked(streamed, response);
    sweepAfter(0);
    sweepAfter(lingerMs * 10);
    expect(ended).toEqual([]);
    Object.assign(response, { finished: true });
    sweepAfter(0);
    sweepAfter(lingerMs - 1);
    say(streamed, 1);
    sweepAfter(1);
    sweepAfter(lingerMs - 1);
    expect(ended).toEqual([]);
    sweepAfter(1);
    expect(ended).toEqual(['streamed']);
  });
});

describe('too many connections', () => {
  it('end the oldest on which nothing is under way, and those last on which something was asked', () => {
    const { connections, ended, reasons, open } = setUp(3);
    connections.asked(open('busy'), answer(false));
    connections.asked(open('answered'), answer(true));
    open('silent');
    open('one too many');
    expect(ended).toEqual(['silent']);
    open('another');
    expect(ended).toEqual(['silent', 'answered']);
    expect(reasons).toEqual(['evicted', 'evicted']);
    expect(connections.size).toBe(3);
  });

  it('end one that was used where all were', () => {
    const { connections, ended, open } = setUp(3);
    for (const name of ['first', 'second', 'third']) connections.asked(open(name), answer(true));
    open('one too many');
    expect(ended).toEqual(['first']);
  });

  it('are refused where something is under way on all', () => {
    const { connections, ended, reasons, open } = setUp(2);
    const busy = answer(false);
    connections.asked(open('first'), busy);
    connections.asked(open('second'), answer(false));
    open('third');
    expect(ended).toEqual(['third']);
    expect(reasons).toEqual(['refused']);
    Object.assign(busy, { finished: true });
    open('fourth');
    expect(ended).toEqual(['third', 'first']);
    expect(connections.size).toBe(2);
  });

  it('are ended one for one, however many there are, and those that are new last', () => {
    const { ended, open } = setUp(100);
    for (let count = 1; count <= 1000; count += 1) open(`${count}`);
    expect(ended).toEqual(Array.from({ length: 900 }, (_, index) => `${index + 1}`));
  });
});

describe('a client that takes nothing', () => {
  const write = (socket: Socket, bytesWritten: number, writableLength: number): void => {
    Object.assign(socket, { bytesWritten, writableLength });
  };

  it('is cut off when that was so at the look before, too', () => {
    const { connections, ended, reasons, open } = setUp();
    write(open('stuck'), 1000, 400);
    connections.endStalled();
    expect(ended).toEqual([]);
    connections.endStalled();
    expect(ended).toEqual(['stuck']);
    expect(reasons).toEqual(['stalled']);
  });

  it('is not while it takes some of it, nor when there was nothing to be taken', () => {
    const { connections, ended, open } = setUp();
    const slow = open('slow');
    const idle = open('idle');
    write(idle, 1000, 0);
    for (let look = 1; look < 5; look += 1) {
      write(slow, 1000, 900 - look);
      connections.endStalled();
    }
    write(idle, 2000, 1000);
    connections.endStalled();
    expect(ended).toEqual(['slow']);
    write(idle, 2000, 0);
    connections.endStalled();
    expect(ended).toEqual(['slow']);
  });

  it('is cut off when it does not take the end', () => {
    const { connections, ended, open } = setUp();
    Object.assign(open('ended'), { writableEnded: true });
    connections.endStalled();
    connections.endStalled();
    expect(ended).toEqual(['ended']);
  });
});

describe('requests that come before others are answered', () => {
  const asking = () => {
    const listeners: (() => void)[] = [];
    const made = { ...answer(false), isLast: false };
    made.endConnection = () => Object.assign(made, { isLast: true });
    made.onceClosed = (listener) => void listeners.push(listener);
    return { made, close: () => listeners.forEach((listener) => void listener()) };
  };

  it('are as many as there may be, and none behind them is looked at', () => {
    const { connections, open } = setUp();
    const socket = open('one');
    const all = [asking(), asking(), asking(), asking()];
    expect(all.map(({ made }) => connections.asked(socket, made))).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect(all.map(({ made }) => made.isLast)).toEqual([false, false, true, false]);
  });

  it('are counted until they are answered', () => {
    const { connections, open } = setUp();
    const socket = open('one');
    for (let count = 0; count < 10; count += 1) {
      const { made, close } = asking();
      expect(connections.asked(socket, made)).toBe(true);
      expect(made.isLast).toBe(false);
      close();
    }
  });
});
