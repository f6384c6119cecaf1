import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { ConfigError, type ConfigSchema, type Environment, loadConfig } from './config.ts';
import {
  byteSize,
  commaList,
  databaseUrl,
  durationSeconds,
  flag,
  hookUrl,
  httpUrl,
  listenPort,
  processVariables,
  redisUrl,
  secret,
  signingKey,
  signingSecret,
  wholeNumber,
} from './config-pieces.ts';
import { describeConfig } from './describe-config.ts';
import { Secret } from './secret.ts';

const folder = mkdtempSync(join(tmpdir(), 'config-'));
afterAll(() => rmSync(folder, { recursive: true }));

function problemsOf(schema: ConfigSchema, env: Environment): Record<string, string> {
  try {
    loadConfig(schema, env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.exitCode).toBe(78);
    for (const { variable } of error.problems) expect(error.message).toContain(variable);
    return Object.fromEntries(error.problems.map(({ variable, message }) => [variable, message]));
  }
  return {};
}

const schema = z.object({
  ...processVariables,
  DATABASE_URL: databaseUrl,
  API_LOCAL_KEY: secret,
  HOLD_TIMEOUT: durationSeconds.default(300),
  EXTRA: secret.optional(),
});
const good = {
  DATABASE_URL: 'postgres://app:hunter2@db:5432/app',
  API_LOCAL_KEY: 'planted-key-k-123',
};

describe('loadConfig', () => {
  test.each(['short', 'fifteen-letters', 'two words of some length'])(
    'refuses the key "%s"',
    (key) => {
      expect(problemsOf(schema, { ...good, API_LOCAL_KEY: key })).toEqual({
        API_LOCAL_KEY: 'has to be at least 16 printable characters without blanks',
      });
    },
  );

  test('fills in defaults and freezes all the way down', () => {
    const nested = z
      .object({ LIST: commaList.default(['a']) })
      .transform(({ LIST }) => ({ recipes: { folders: LIST } }));
    const config = loadConfig(nested, { LIST: ' a, b ,' });
    expect(config).toEqual({ recipes: { folders: ['a', 'b'] } });
    expect(Object.isFrozen(config.recipes.folders)).toBe(true);
    expect(loadConfig(schema, good)).toMatchObject({
      WAKEFIELD_INSTALLATION: 'main',
      LOG_LEVEL: 'info',
      OPS_PORT: 0,
      HOLD_TIMEOUT: 300,
    });
  });

  test('lists every wrong or missing variable at once', () => {
    const problems = problemsOf(schema, {
      DATABASE_URL: 'mysql://x',
      HOLD_TIMEOUT: 'soon',
      OPS_PORT: '70000',
    });
    expect(Object.keys(problems).sort()).toEqual([
      'API_LOCAL_KEY',
      'DATABASE_URL',
      'HOLD_TIMEOUT',
      'OPS_PORT',
    ]);
    expect(problems.API_LOCAL_KEY).toBe('has to be set');
    expect(problems.DATABASE_URL).toContain('PostgreSQL');
  });

  test('an empty variable counts as unset', () => {
    expect(loadConfig(schema, { ...good, LOG_LEVEL: '' }).LOG_LEVEL).toBe('info');
    expect(problemsOf(schema, { ...good, API_LOCAL_KEY: '' })).toEqual({
      API_LOCAL_KEY: 'has to be set',
    });
  });

  test('an unknown variable with our prefix is an error with a hint', () => {
    expect(problemsOf(schema, { ...good, WAKEFIELD_INSTALATION: 'x' })).toEqual({
      WAKEFIELD_INSTALATION: 'no such variable; did you mean WAKEFIELD_INSTALLATION?',
    });
    expect(problemsOf(schema, { ...good, WAKEFIELD_FROBNICATION_LEVEL: 'x' })).toEqual({
      WAKEFIELD_FROBNICATION_LEVEL: 'no such variable; unset it',
    });
  });

  test("other processes' variables and the tests' own are no error", () => {
    const env = {
      ...good,
      WAKEFIELD_DATA: '/data',
      WAKEFIELD_TEST_REDIS_URL: 'redis://x',
      PATH: '',
    };
    expect(problemsOf(schema, env)).toEqual({});
  });

  test('a secret may come as a file, without its line end', () => {
    const path = join(folder, 'key');
    writeFileSync(path, 'a-key-from-a-file\n');
    const { API_LOCAL_KEY: _, ...rest } = good;
    const config = loadConfig(schema, { ...rest, API_LOCAL_KEY_FILE: path, EXTRA_FILE: path });
    expect(config.API_LOCAL_KEY.reveal()).toBe('a-key-from-a-file');
    expect(config.EXTRA?.reveal()).toBe('a-key-from-a-file');
  });

  test('both forms at once and unreadable files are errors', () => {
    const missing = join(folder, 'missing');
    expect(problemsOf(schema, { ...good, API_LOCAL_KEY_FILE: missing }).API_LOCAL_KEY).toContain(
      'not both',
    );
    const { API_LOCAL_KEY: _, ...rest } = good;
    expect(problemsOf(schema, { ...rest, API_LOCAL_KEY_FILE: missing })).toEqual({
      API_LOCAL_KEY: `API_LOCAL_KEY_FILE names ${missing}: ENOENT`,
    });
  });

  test('a problem never shows the value', () => {
    const tight = z.object({ API_LOCAL_KEY: secret.refine((key) => key.reveal().length > 99) });
    expect(JSON.stringify(problemsOf(tight, good))).not.toContain('planted-key-k-123');
    expect(
      JSON.stringify(problemsOf(schema, { ...good, DATABASE_URL: 'x://u:hunter2@h' })),
    ).not.toContain('hunter2');
  });
});

const keyOf = (bytes: number) => `whsec_${Buffer.alloc(bytes, 7).toString('base64')}`;

describe('pieces', () => {
  test.each([
    [durationSeconds, '300', 300],
    [durationSeconds, '300s', 300],
    [durationSeconds, '1500ms', 1.5],
    [durationSeconds, '5m', 300],
    [durationSeconds, '1.5h', 5400],
    [byteSize, '1048576', 1_048_576],
    [byteSize, '32MiB', 33_554_432],
    [byteSize, '32 MB', 32_000_000],
    [byteSize, '1GiB', 1_073_741_824],
    [listenPort, '0', 0],
    [listenPort, '65535', 65_535],
    [flag, 'yes', true],
    [flag, '0', false],
    [wholeNumber, '12', 12],
    [httpUrl, 'http://127.0.0.1:1', 'http://127.0.0.1:1'],
    [redisUrl, 'rediss://:p@h:6379/1', 'rediss://:p@h:6379/1'],
  ])('%# reads %s', (piece, text, value) => {
    expect(piece.parse(text)).toEqual(value);
  });

  test.each([
    [durationSeconds, '5 weeks'],
    [durationSeconds, '-1'],
    [byteSize, '32MeB'],
    [byteSize, ''],
    [listenPort, '65536'],
    [listenPort, '80a'],
    [wholeNumber, '1.5'],
    [httpUrl, 'ftp://x'],
    [redisUrl, 'localhost:6379'],
    [hookUrl, 'ftp://x'],
    [hookUrl, 'x'],
    [hookUrl, 'https://user:word@x/'],
    [signingSecret, keyOf(23)],
    [signingSecret, keyOf(65)],
    [signingSecret, keyOf(32).slice('whsec_'.length)],
    [signingSecret, `${keyOf(32)} `],
    [signingSecret, 'whsec_not~base64~at~all~not~base64~at~all'],
    [processVariables.WAKEFIELD_INSTALLATION, 'Main'],
    [processVariables.WAKEFIELD_INSTALLATION, 'toolongname'],
  ])('%# refuses %s', (piece, text) => {
    expect(piece.safeParse(text).success).toBe(false);
  });
});

describe('secrets', () => {
  test.each([24, 25, 26, 32, 64])('to sign with are %i bytes', (bytes) => {
    expect(signingKey(signingSecret.parse(keyOf(bytes)))).toEqual(Buffer.alloc(bytes, 7));
    expect(signingKey(signingSecret.parse(keyOf(bytes).replace(/=+$/, '')))).toHaveLength(bytes);
  });

  test('are shown nowhere but by reveal', () => {
    const hidden = new Secret('sesame');
    const shown = [
      String(hidden),
      `${hidden}`,
      JSON.stringify({ hidden }),
      inspect({ hidden }, { depth: 9, showHidden: true }),
    ];
    for (const text of shown) {
      expect(text).not.toContain('sesame');
      expect(text).toContain('[secret]');
    }
    expect(hidden.reveal()).toBe('sesame');
  });

  test('describeConfig hides secrets and passwords in URLs, and keeps the rest', () => {
    const described = describeConfig({
      ...loadConfig(schema, good),
      nested: [new Secret('sesame')],
    });
    expect(described).toMatchObject({
      DATABASE_URL: 'postgres://app:[secret]@db:5432/app',
      API_LOCAL_KEY: '[secret]',
      HOLD_TIMEOUT: 300,
      nested: ['[secret]'],
    });
    expect(JSON.stringify(described)).not.toMatch(/hunter2|planted-key-k-123|sesame/);
  });
});
