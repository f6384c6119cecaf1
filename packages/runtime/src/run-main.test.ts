import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { ConfigError } from './config.ts';
import { runMain } from './run-main.ts';

async function outcome(start: () => Promise<void>, node = '24.0.0') {
  const seen: { code: number | null; text: string } = { code: null, text: '' };
  await runMain(start, {
    versions: { node },
    stderr: {
      write: (text) => {
        seen.text += text;
      },
    },
    exit: (code) => {
      seen.code = code;
    },
  });
  return seen;
}

describe('runMain', () => {
  test('leaves a good start alone', async () => {
    expect(await outcome(async () => undefined)).toEqual({ code: null, text: '' });
  });

  test('a wrong configuration is told in plain words and exits with 78', async () => {
    const { code, text } = await outcome(async () => {
      throw new ConfigError([{ variable: 'DATABASE_URL', message: 'has to be set' }]);
    });
    expect(code).toBe(78);
    expect(text).toBe('The configuration is not usable:\n  DATABASE_URL: has to be set\n');
  });

  test('a file that is not there is one line and exits with 78, also behind better words', async () => {
    const path = '/nowhere/clusters.yaml';
    const bare = await outcome(async () => void (await readFile(path)));
    expect(bare).toEqual({
      code: 78,
      text: expect.stringMatching(/^ENOENT: .*clusters\.yaml'\n$/),
    });
    const worded = await outcome(async () => {
      await readFile(path).catch((cause: unknown) => {
        throw new Error(`${path} cannot be read`, { cause });
      });
    });
    expect(worded).toEqual({ code: 78, text: `${path} cannot be read\n` });
  });

  test('a socket that is not there is no missing file', async () => {
    const { code } = await outcome(async () => {
      const details = { code: 'ENOENT', syscall: 'connect', path: '/run/db.sock' };
      throw Object.assign(new Error('connect ENOENT /run/db.sock'), details);
    });
    expect(code).toBe(1);
  });

  test('an error that names 78 itself is told in its own words', async () => {
    const { code, text } = await outcome(async () => {
      throw Object.assign(new Error('clusters.yaml:3: kind: unknown'), { exitCode: 78 });
    });
    expect([code, text]).toEqual([78, 'clusters.yaml:3: kind: unknown\n']);
  });

  test('a Node that is too old is told before anything is tried', async () => {
    let started = false;
    const { code, text } = await outcome(async () => {
      started = true;
    }, '20.20.2');
    expect({ code, text, started }).toEqual({
      code: 78,
      text: 'Node 24 or later is needed; this is 20.20.2.\n',
      started: false,
    });
  });

  test('anything else is one JSON line and exits with 1', async () => {
    const { code, text } = await outcome(async () => {
      throw new Error('cannot reach redis://:pw@h', { cause: new Error('ECONNREFUSED') });
    });
    expect(code).toBe(1);
    expect(JSON.parse(text)).toMatchObject({
      msg: 'start failed',
      err: { cause: { message: 'ECONNREFUSED' } },
    });
    expect(text).not.toContain(':pw@');
  });
});
