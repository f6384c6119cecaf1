import { describe } from '@jest/globals';
import { startTestHeappe } from '@wakefield/testkit';
import { type DriverUnderTest, describeClusterDriver } from '../conformance.ts';
import { createDriver } from '../create-driver.ts';
import { featuresOf } from './features.ts';

/** One of each row of the table of features. */
describe.each(['5.0.0', '6.0.0', '6.1.0', '6.2.0', '6.2.2', '6.3.2'])('HEAppE %s', (version) => {
  const make = async (): Promise<DriverUnderTest> => {
    const { dryRun, postBytes, stream } = featuresOf(version);
    const test = await startTestHeappe({ version });
    let looks = 0;
    const byHeappe = { transport: { kind: 'heappe' }, nodeAddress: 'heappe' };
    const plain = createDriver(test.config(byHeappe), {
      installation: 'conf',
      // Files are read job by job; it is the list that is asked for once (driver.itest.ts counts the files).
      onRoundTrip: (call) => {
        if (call === 'JobManagement/ListJobsForCurrentUser') looks++;
      },
    });
    await plain.activate('demo', AbortSignal.timeout(30_000));
    const { driver, directory } = test.watched(plain);
    return {
      driver,
      installation: 'conf',
      project: 'demo',
      roundTrips: () => looks,
      directory,
      closesSecretsLate: true,
      // HEAppE's node, and the task whose tunnel leads to it.
      host: /^cn0[1-4]\.task-\d+$/,
      forecasts: dryRun,
      requests: { longest: postBytes, streams: stream !== 'none' },
      // The cluster has four nodes.
      refusal: {
        change: { gpuCount: 20, nodes: 5 },
        words: /Requested node configuration is not available/,
      },
      walltime: { seconds: 3, overWithinMs: 20_000 },
      async close() {
        await driver.close();
        await test.stop();
      },
    };
  };
  describeClusterDriver('heappe', make, 'requests');
});
