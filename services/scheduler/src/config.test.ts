import { describe, expect, test } from '@jest/globals';
import { describeConfig, loadConfig } from '@wakefield/runtime';
import { configSchema } from './config.ts';

const least = {
  DATABASE_URL: 'postgres://app@127.0.0.1:5432/app',
  REDIS_URL: 'redis://127.0.0.1:6379',
  WAKEFIELD_CLUSTERS: '/etc/wakefield/clusters.yaml',
};

const hook = {
  SERVICE_WEBHOOK_URL: 'https://x/y',
  SERVICE_WEBHOOK_SECRET: `whsec_${Buffer.alloc(24, 1).toString('base64')}`,
};

function problems(env: Readonly<Record<string, string>>): readonly string[] {
  try {
    loadConfig(configSchema, env);
    return [];
  } catch (error) {
    const { message } = error as Error;
    return [...message.matchAll(/^ {2}(\w+):/gm)].map(([, variable = '']) => variable).sort();
  }
}

describe('the environment of the scheduler', () => {
  test('needs stores and clusters, the rest has defaults; durations become milliseconds', () => {
    expect(loadConfig(configSchema, { ...least, CLUSTER_GONE_AFTER: '60' })).toMatchObject({
      clustersFile: '/etc/wakefield/clusters.yaml',
      recipeFolders: [],
      databasePool: 10,
      reconcileConcurrency: 16,
      drainTimeoutMs: 600_000,
      scaleUpCooldownMs: 30_000,
      scaleDownCooldownMs: 300_000,
      clusterGoneAfterMs: 60_000,
      webhook: null,
      endingNoticeMs: 600_000,
      shutdownTimeoutMs: 8_000,
    });
  });

  test('has a webhook with its secret, neither of which is shown', () => {
    const config = loadConfig(configSchema, { ...least, ...hook, SERVICE_ENDING_MINUTES: '5' });
    expect(config.endingNoticeMs).toBe(300_000);
    expect(config.webhook?.url.reveal()).toBe('https://x/y');
    expect(config.webhook?.secret.reveal()).toBe(hook.SERVICE_WEBHOOK_SECRET);
    expect(JSON.stringify(describeConfig(config))).not.toMatch(/x\/y|whsec/);
  });

  test.each([
    [{}, ['DATABASE_URL', 'REDIS_URL', 'WAKEFIELD_CLUSTERS']],
    [
      { ...least, DATABASE_URL: 'mysql://x/y', REDIS_URL: 'http://x' },
      ['DATABASE_URL', 'REDIS_URL'],
    ],
    [{ ...least, RECONCILE_CONCURRENCY: 'many' }, ['RECONCILE_CONCURRENCY']],
    [{ ...least, DRAIN_TIMEOUT: 'soon', OPS_PORT: '70000' }, ['DRAIN_TIMEOUT', 'OPS_PORT']],
    [{ ...least, USAGE_RETENTION: '1d' }, []],
    [{ ...least, USAGE_RETENTION: '23h' }, ['USAGE_RETENTION']],
    [{ ...least, SERVICE_WEBHOOK_URL: 'https://x/y?z=1' }, ['SERVICE_WEBHOOK_SECRET']],
    [{ ...least, ...hook, SERVICE_WEBHOOK_URL: 'ftp://x' }, ['SERVICE_WEBHOOK_URL']],
    [{ ...least, ...hook, SERVICE_WEBHOOK_URL: 'https://a:b@x/' }, ['SERVICE_WEBHOOK_URL']],
    [{ ...least, ...hook, SERVICE_WEBHOOK_SECRET: 'whsec_short' }, ['SERVICE_WEBHOOK_SECRET']],
    [{ ...least, SERVICE_ENDING_MINUTES: '0' }, ['SERVICE_ENDING_MINUTES']],
    [{ ...least, SERVICE_ENDING_MINUTES: 'ten' }, ['SERVICE_ENDING_MINUTES']],
    [{ ...least, WAKEFIELD_CLUSTER: 'x' }, ['WAKEFIELD_CLUSTER']],
    [{ ...least, WAKEFIELD_INSTALLATION: 'Two Words' }, ['WAKEFIELD_INSTALLATION']],
  ])('names everything that is wrong in %j', (env, expected) => {
    expect(problems(env)).toEqual(expected);
  });
});
