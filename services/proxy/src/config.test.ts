import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '@wakefield/runtime';
import { configSchema } from './config.ts';
import { settingsOf } from './settings.ts';

const settings = (env: Record<string, string>) => {
  const config = loadConfig(configSchema, {
    DATABASE_URL: 'postgres://localhost/x',
    REDIS_URL: 'redis://localhost',
    API_URL: 'http://localhost:1',
    API_LOCAL_KEY: 'the-local-key-of-tests',
    ...env,
  });
  return settingsOf(config, 'proxy-1', '0.1.0');
};

describe('the fast path', () => {
  it.each([
    [{}, true],
    [{ FAST_PATH: 'on' }, true],
    [{ FAST_PATH: 'off' }, false],
  ])('by %j: %s', (env, expected) => {
    expect(settings(env).fastPath).toBe(expected);
  });

  it('is on or off', () => {
    expect(() => settings({ FAST_PATH: 'of' })).toThrow('FAST_PATH');
  });
});

describe('the room of the usage spool', () => {
  it('is that of a few of its files at least', () => {
    expect(settings({ USAGE_SPOOL_MAX: '16MiB' })).toBeDefined();
    expect(() => settings({ USAGE_SPOOL_MAX: '15MiB' })).toThrow('USAGE_SPOOL_MAX');
  });
});
