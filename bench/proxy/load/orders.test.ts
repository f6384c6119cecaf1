import { describe, expect, it } from '@jest/globals';
import { type LoadOrder, lineOf, orderOf } from './orders.ts';

const asked = { port: 8080, file: 'requests-1', stream: true, least: 10, most: 20 };

describe('an order', () => {
  it.each<LoadOrder>([
    { kind: 'closed', connections: 64, ms: 1500, ...asked },
    { kind: 'closed', connections: 64, requests: 10, ...asked, stream: false },
    { kind: 'open', perSecond: 300, ms: 1500, ...asked },
    { kind: 'hold', connections: 10, spreadMs: 5, ...asked },
    { kind: 'garbage', perSecond: 20, port: 1 },
    { kind: 'release' },
  ])('is a line, and the line is the order: $kind', (order) => {
    expect(lineOf(order)).not.toMatch(/\n/);
    expect(orderOf(lineOf(order))).toEqual(order);
  });

  it('is written as the generator in C reads it', () => {
    expect(lineOf({ kind: 'storm', connections: 5, ...asked })).toBe(
      'storm connections=5 port=8080 file=requests-1 stream=1 least=10 most=20',
    );
  });
});
