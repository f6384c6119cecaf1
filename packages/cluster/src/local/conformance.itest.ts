import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { localConfig } from '../../test/local.ts';
import { describeClusterDriver } from '../conformance.ts';
import { createDriver } from '../create-driver.ts';
import { jobProcesses } from './process-table.ts';
import { stopLocalJobs } from './stop-local-jobs.ts';

describeClusterDriver('local', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'wakefield-local-'));
  let roundTrips = 0;
  const driver = createDriver(localConfig(directory, { killWait: 1000 }), {
    installation: 'conf',
    onRoundTrip: () => roundTrips++,
  });
  return {
    driver,
    installation: 'conf',
    project: 'demo',
    roundTrips: () => roundTrips,
    refusal: { change: { nodes: 2 }, words: /one machine/ },
    walltime: { seconds: 1, overWithinMs: 10_000 },
    async close() {
      const { sightings } = await driver.observe([], AbortSignal.timeout(10_000));
      await stopLocalJobs(driver, AbortSignal.timeout(10_000));
      await driver.close();
      for (const name of sightings.keys()) expect(jobProcesses(name, null)).toEqual([]);
      await rm(directory, { recursive: true });
    },
  };
});
