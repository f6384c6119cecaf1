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
    walltime: {
      seconds: 60,
      // slurmctld looks at limits every 30 s (PERIODIC_TIMEOUT in controller.h).
      overWithinMs: 100_000,
      hurry: (id) => test.slurm.client('scontrol', ['update', `JobId=${id}`, 'EndTime=now+2']),
    },
    async close() {
      await driver.close();
      expect(await test.stop()).toEqual([]);
    },
  };
});
