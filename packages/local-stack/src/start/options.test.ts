import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { clustersFilePath } from '@wakefield/cluster/clusters-file';
import { parseOptions } from './options.ts';

const place = { root: '/clone', workingDirectory: '/home/me' };

describe('parseOptions', () => {
  test('defaults', () => {
    expect(parseOptions([], {}, place)).toEqual({
      host: '127.0.0.1',
      port: 8080,
      dataDirectory: '/clone/.wakefield',
      clustersFile: null,
      recipes: null,
      authFile: null,
      limitsFile: null,
      installation: null,
      localKey: null,
      databaseUrl: null,
      redisUrl: null,
      slurm: false,
      heappe: false,
      heappeVersion: null,
      instances: { api: 1, scheduler: 1, proxy: 1 },
      help: false,
    });
  });

  test('environment and flags', () => {
    const env = {
      PORT: '9000',
      HOST: '0.0.0.0',
      WAKEFIELD_DATA: '/data',
      WAKEFIELD_RECIPES: 'ours, /shared/recipes',
      WAKEFIELD_AUTH: 'auth.yaml',
      WAKEFIELD_LIMITS: '/etc/limits.yaml',
      WAKEFIELD_INSTALLATION: 'mine',
      WAKEFIELD_TEST_REDIS_URL: 'redis://t',
      API_LOCAL_KEY: 'long-enough-a-key',
      DATABASE_URL: 'postgres://h/d',
      REDIS_URL: '',
    };
    expect(parseOptions(['--slurm', '--heappe'], env, place)).toMatchObject({
      host: '0.0.0.0',
      port: 9000,
      dataDirectory: '/data',
      recipes: '/home/me/ours,/shared/recipes',
      authFile: '/home/me/auth.yaml',
      limitsFile: '/etc/limits.yaml',
      installation: 'mine',
      localKey: 'long-enough-a-key',
      databaseUrl: 'postgres://h/d',
      redisUrl: null,
      slurm: true,
      heappe: true,
    });
  });

  test("several of each; npm's own setting called proxy is none of ours", () => {
    const args = ['--api', '2', '--scheduler=3', '--proxy', '16', '--slurm'];
    const env = { npm_config_proxy: 'http://proxy.site:3128' };
    expect(parseOptions(args, env, place)).toMatchObject({
      instances: { api: 2, scheduler: 3, proxy: 16 },
      slurm: true,
    });
    expect(parseOptions([], env, place).instances).toEqual({ api: 1, scheduler: 1, proxy: 1 });
  });

  test('a release of HEAppE means one', () => {
    expect(parseOptions(['--heappe-version', '6.2.0'], {}, place)).toMatchObject({
      heappe: true,
      heappeVersion: '6.2.0',
    });
  });

  test("the README's own clusters.yaml is the one of npm run cluster, too", () => {
    const readme = readFileSync(new URL('../../../../README.md', import.meta.url), 'utf8');
    const [, value] = /export WAKEFIELD_CLUSTERS=(\S+?)`/.exec(readme) ?? [];
    const env = { WAKEFIELD_CLUSTERS: value };
    expect(parseOptions([], env, place).clustersFile).toBe('/home/me/clusters.yaml');
    expect(clustersFilePath(env, place)).toBe('/home/me/clusters.yaml');
    expect(clustersFilePath({ WAKEFIELD_DATA: '/data' }, place)).toBe('/data/clusters.yaml');
    expect(clustersFilePath({ WAKEFIELD_CLUSTERS: '' }, place)).toBe(
      join(parseOptions([], {}, place).dataDirectory, 'clusters.yaml'),
    );
  });

  test.each([
    [['--slrum'], {}, "Unknown option '--slrum'"],
    [['extra'], {}, 'extra'],
    [[], { npm_config_slurm: 'true' }, 'You meant: npm start -- --slurm'],
    [[], { npm_config_heappe: 'true' }, 'You meant: npm start -- --heappe'],
    [[], { npm_config_heappe_version: 'true' }, 'npm start -- --heappe-version 6.1'],
    [
      ['--heappe-version', 'new'],
      {},
      '--heappe-version has to be a release such as 6.1, not "new"',
    ],
    [
      [],
      { WAKEFIELD_DAT: '/x', WAKEFIELD_X: '/x' },
      'There is no variable WAKEFIELD_DAT or WAKEFIELD_X, only WAKEFIELD_DATA, WAKEFIELD_CLUSTERS,',
    ],
    [[], { WAKEFIELD_INSTALLATION: 'Mine' }, 'WAKEFIELD_INSTALLATION has to be 2 to 8'],
    [[], { npm_config_api: '2' }, 'npm kept --api for itself. You meant: npm start -- --api 2'],
    [[], { npm_config_proxy: '2' }, 'You meant: npm start -- --proxy 2'],
    [['--api', '0'], {}, '--api has to be a number of processes, 1 to 16, not "0".'],
    [['--scheduler', '17'], {}, '--scheduler has to be a number of processes, 1 to 16, not "17".'],
    [['--proxy=two'], {}, '--proxy has to be a number of processes, 1 to 16, not "two".'],
    [['--proxy'], {}, "'--proxy <value>' argument missing"],
    [[], { PORT: '0' }, 'PORT has to be a port, 1 to 65535, not "0".'],
    [[], { PORT: 'http' }, 'PORT has to be a port'],
    [[], { API_LOCAL_KEY: 'fifteen-letters' }, 'API_LOCAL_KEY has to be at least 16'],
  ])('refuses %j %j', (args, env, message) => {
    expect(() => parseOptions(args, env, place)).toThrow(message);
  });
});
