import { describe, expect, it } from '@jest/globals';
import { isNetwork, trustedPeers } from './peers.ts';

describe('a trusted peer', () => {
  const isTrusted = trustedPeers(['127.0.0.1', '10.0.0.0/8', 'fd00::/8']);
  it.each([
    ['127.0.0.1', true],
    ['127.0.0.2', false],
    ['10.9.8.7', true],
    // What a socket that listens on :: says of an IPv4 peer.
    ['::ffff:10.9.8.7', true],
    ['::ffff:11.0.0.1', false],
    ['fd12::1', true],
    ['fe80::1', false],
    [undefined, false],
  ])('%s: %s', (address, expected) => {
    expect(isTrusted(address)).toBe(expected);
  });

  it('is nobody where none is named', () => {
    expect(trustedPeers([])('127.0.0.1')).toBe(false);
  });
});

it.each([
  ['10.0.0.1', true],
  ['10.0.0.0/8', true],
  ['::/0', true],
  ['fd00::/129', false],
  ['10.0.0.0/33', false],
  ['10.0.0.0/', false],
  ['10.0.0.0/8/8', false],
  ['balancer', false],
  ['', false],
])('%j is a network: %s', (text, expected) => {
  expect(isNetwork(text)).toBe(expected);
});
