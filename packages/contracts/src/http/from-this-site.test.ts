import { describe, expect, it } from '@jest/globals';
import { isFromThisSite } from './from-this-site.ts';

const host = 'wakefield.example';
const ours = { host, origin: `https://${host}` };
const theirs = { host, origin: 'https://evil.example' };
const offer = { upgrade: 'websocket' };

describe('a request that comes with a cookie', () => {
  it.each<[string, string, Record<string, string>, boolean]>([
    ['a read, of whoever', 'GET', theirs, true],
    ['a change, of ours', 'POST', ours, true],
    ['a change, of another', 'POST', theirs, false],
    ['a change, of no page', 'POST', { host }, true],
    ['an offer of WebSocket, of ours', 'GET', { ...ours, ...offer }, true],
    ['an offer of WebSocket, of another', 'GET', { ...theirs, ...offer }, false],
    ['an offer of WebSocket, of no page', 'GET', { host, ...offer }, true],
    [
      'an offer that its browser says to be of another site',
      'GET',
      { ...ours, ...offer, 'sec-fetch-site': 'cross-site' },
      false,
    ],
    ['a change behind a balancer', 'POST', { ...theirs, 'x-forwarded-host': 'evil.example' }, true],
  ])('%s', (_, method, headers, expected) => {
    expect(isFromThisSite(method, headers)).toBe(expected);
  });
});
