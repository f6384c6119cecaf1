import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { loadConfig } from './config.ts';
import { isInherited, listenOptions, listenVariables } from './listen.ts';

const read = (env: Record<string, string>) => loadConfig(z.object({ ...listenVariables }), env);

describe('a socket from outside', () => {
  test.each([
    [{}, false],
    [{ LISTEN_FDS: '0' }, false],
    [{ LISTEN_FDS: '1' }, true],
    [{ LISTEN_FDS: '1', LISTEN_PID: '42' }, true],
    [{ LISTEN_FDS: '1', LISTEN_PID: '41' }, false],
  ])('%j: %j', (env, expected) => {
    expect(isInherited(read(env), 42)).toBe(expected);
  });

  test('is one', () => {
    expect(() => read({ LISTEN_FDS: '2' })).toThrow('LISTEN_FDS: has to be 0 or 1');
  });

  test('takes the place of host and port', () => {
    const place = { host: '::1', port: 80 };
    expect(listenOptions(place)).toEqual(place);
    expect(listenOptions({ ...place, inherited: true })).toEqual({ fd: 3 });
  });
});
