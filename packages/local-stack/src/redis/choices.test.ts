import { describe, expect, test } from '@jest/globals';
import { parseDependencies } from '../debian/unpack-packages.ts';
import { redisConfig } from './redis-config.ts';
import { parseRedisVersion } from './servers.ts';

test.each([
  ['Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=ae4', '7.0.15'],
  ['Valkey server v=8.0.1 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=1', '8.0.1'],
  ['redis 7', null],
])('parseRedisVersion(%j)', (text, expected) => {
  expect(parseRedisVersion(text)).toBe(expected);
});

describe('redisConfig', () => {
  const options = { directory: '/a "b"\\c', port: 7001, password: 'pw', durable: true };

  test('listens on loopback only, asks for the password, never evicts', () => {
    expect(redisConfig(options).split('\n')).toEqual(
      expect.arrayContaining([
        'bind 127.0.0.1',
        'port 7001',
        'requirepass pw',
        'maxmemory-policy noeviction',
        'appendonly yes',
        'dir "/a \\"b\\"\\\\c"',
      ]),
    );
  });

  test('keeps nothing when nothing is to be kept', () => {
    expect(redisConfig({ ...options, durable: false })).toContain('appendonly no\n');
  });
});

test('parseDependencies reads names, first alternatives only', () => {
  const control =
    'Depends: libc6 (>= 2.34), libjemalloc2 (>= 5.2.1-1~) | libother, lsb-base (>= 3.2-14)\nPre-Depends: init-system-helpers (>= 1.54~)';
  expect(parseDependencies(control)).toEqual([
    'libc6',
    'libjemalloc2',
    'lsb-base',
    'init-system-helpers',
  ]);
});
