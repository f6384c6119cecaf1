import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { loadConfig } from './config.ts';
import { listenOptions, listenVariables, socketCheck } from './listen.ts';

const schema = z.object({ ...listenVariables }).check(socketCheck);
const read = (env: Record<string, string>) => loadConfig(schema, env);

describe('a socket from outside', () => {
  test.each([
    [{}, 0],
    [{ LISTEN_FDS: '0' }, 0],
    [{ LISTEN_FDS: '0', LISTEN_PID: String(process.ppid) }, 0],
    [{ LISTEN_PID: String(process.ppid) }, 0],
    [{ LISTEN_FDS: '1' }, 1],
    [{ LISTEN_FDS: '1', LISTEN_PID: String(process.pid) }, 1],
  ])('%j: %d', (env, expected) => {
    expect(read(env).LISTEN_FDS).toBe(expected);
  });

  test('is one', () => {
    expect(() => read({ LISTEN_FDS: '2' })).toThrow('LISTEN_FDS: has to be 0 or 1');
  });

  test('that was meant for another process is not passed over in silence', () => {
    expect(() => read({ LISTEN_FDS: '1', LISTEN_PID: String(process.ppid) })).toThrow(
      'LISTEN_PID: is not this process: a wrapper has to exec it',
    );
  });

  test('takes the place of host and port', () => {
    const place = { host: '::1', port: 80 };
    const many = expect.any(Number);
    expect(listenOptions(place)).toEqual({ ...place, backlog: many });
    expect(listenOptions({ ...place, inherited: true })).toEqual({ fd: 3, backlog: many });
  });

  test('thousands may wait to be accepted', () => {
    expect(listenOptions({ host: '::1', port: 80 }).backlog).toBeGreaterThan(2000);
  });
});
