import { expect } from '@jest/globals';
import { startTestSlurm } from '@wakefield/testkit';
import { describeClusterDriver } from '../conformance.ts';
import { createDriver } from '../create-driver.ts';

describeClusterDriver('slurm-ssh', async () => {
  const test = await startTestSlurm();
  let roundTrips = 0;
  const driver = createDriver(test.config(), {
    installation: 'conf',
    onRoundTrip: () => roundTrips++,
  });
  return {
    driver,
    installation: 'conf',
    project: 'demo-00-00',
    roundTrips: () => roundTrips,
    refusal: { change: { gpuCount: 9 }, words: /Requested node configuration is not available/ },
    // SLURM knows whole minutes only and looks at limits every 30 s: too slow for every run.
    walltime:
      process.env.WAKEFIELD_TEST_SLOW === '1' ? { seconds: 60, overWithinMs: 150_000 } : null,
    async close() {
      await driver.close();
      expect(await test.stop()).toEqual([]);
    },
  };
});
