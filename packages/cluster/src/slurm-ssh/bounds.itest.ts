import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { ClusterDriver, JobRequest } from '@wakefield/control';
import { startTestSlurm, type TestSlurm } from '@wakefield/testkit';
import { createDriver } from '../create-driver.ts';

jest.setTimeout(60_000);
const signal = new AbortController().signal;

/** Nodes of two kinds, of which one partition has but the smaller. */
describe('the bounds of a private SLURM', () => {
  let cluster: TestSlurm;
  const drivers: ClusterDriver[] = [];
  const driverOf = (change: object) => {
    const driver = createDriver(cluster.config({ ...change }), { installation: 'bd' });
    drivers.push(driver);
    return driver;
  };

  beforeAll(async () => {
    cluster = await startTestSlurm({
      nodes: [
        { name: 'cn01', gres: 'gpu:h200:4', features: '' },
        { name: 'cn02', gres: 'gpu:a100:2', features: '' },
        { name: 'cn03', gres: 'gpu:a100:2', features: '' },
      ],
      partitions: [
        'PartitionName=all Nodes=ALL Default=YES MaxTime=1-00:00:00 State=UP',
        'PartitionName=small Nodes=cn[02-03] MaxTime=30:00 MaxNodes=1 State=UP Hidden=YES',
        'PartitionName=free Nodes=cn01 MaxTime=INFINITE State=DOWN',
      ],
    });
  });
  afterAll(async () => {
    for (const driver of drivers) await driver.close();
    expect(await cluster.stop()).toEqual([]);
  });

  const gibibyte = 2 ** 30;
  const node = { cpus: 16, memoryBytes: 128 * gibibyte };
  test.each([
    ['all', { ...node, nodes: 3, gpus: 4, minutes: 1440 }],
    ['small', { ...node, nodes: 1, gpus: 2, minutes: 30 }],
    ['free', { ...node, nodes: 1, gpus: 4 }],
  ])('partition %s', async (partition, bounds) => {
    expect(await driverOf({ defaults: { partition } }).bounds(signal)).toEqual(bounds);
  });

  test('are what SLURM takes, and nothing beyond', async () => {
    const driver = driverOf({ defaults: { partition: 'small' } });
    const {
      nodes = 0,
      cpus = 0,
      memoryBytes = 0,
      gpus = 0,
      minutes = 0,
    } = await driver.bounds(signal);
    const most: JobRequest = {
      project: 'demo',
      walltimeSeconds: minutes * 60,
      gpuCount: gpus * nodes,
      nodes,
      cpus,
      memory: `${memoryBytes / 2 ** 20}M`,
    };
    expect(await driver.forecast(most, signal)).toEqual(expect.any(Number));
    const beyond: readonly Partial<JobRequest>[] = [
      { walltimeSeconds: minutes * 60 + 60 },
      { gpuCount: gpus * nodes + 1 },
      { nodes: nodes + 1, gpuCount: gpus * (nodes + 1) },
      { cpus: cpus + 1 },
      { memory: `${memoryBytes / 2 ** 20 + 1}M` },
    ];
    for (const change of beyond)
      await expect(driver.forecast({ ...most, ...change }, signal)).rejects.toMatchObject({
        name: 'ClusterError',
      });
  });

  test('a sinfo that fails is told of', async () => {
    const driver = driverOf({ timeouts: { command: '5s' } });
    await driver.observe([], signal);
    await cluster.slurm.daemons.end('slurmctld', 'SIGTERM');
    await expect(driver.bounds(signal)).rejects.toMatchObject({ name: 'ClusterError' });
  });
});
