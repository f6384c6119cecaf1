import { describe, expect, test } from '@jest/globals';
import { ConfigError } from './config.ts';
import { runMain } from './run-main.ts';

async function outcome(start: () => Promise<void>) {
  const seen: { code: number | null; text: string } = { code: null, text: '' };
  await runMain(start, {
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
