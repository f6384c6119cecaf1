import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { type Answer, createConnections } from './connections.ts';

const lingerMs = 1000;

/** Connections under a clock that stands still, and what ended of them. */
function setUp() {
  const clock = { at: 50_000 };
  const connections = createConnections(() => clock.at);
  const ended: string[] = [];
  const open = (name: string): Socket => {
    const socket = Object.assign(new EventEmitter(), {
      bytesRead: 0,
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
  return { clock, connections, ended, open, say, sweepAfter };
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
