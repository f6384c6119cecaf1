import { describe, expect } from '@jest/globals';
import { pastHeappe, startTestHeappe, startTestSlurm, type TestSlurm } from '@wakefield/testkit';
import { type DriverUnderTest, describeClusterDriver } from '../conformance.ts';
import { createDriver } from '../create-driver.ts';
import { featuresOf } from './features.ts';

const processes = 'processes';
const slurm = 'a private SLURM';

/** One of each row of the table of features, a SLURM behind one of them, and one whose nodes are reached without it. */
describe.each([
  { version: '5.0.0', cluster: processes, way: 'heappe' },
  { version: '6.0.0', cluster: processes, way: 'heappe' },
  { version: '6.1.0', cluster: processes, way: 'heappe' },
  { version: '6.2.0', cluster: processes, way: 'heappe' },
  { version: '6.2.2', cluster: processes, way: 'heappe' },
  { version: '6.3.2', cluster: processes, way: 'heappe' },
  { version: '6.3.2', cluster: slurm, way: 'heappe' },
  { version: '6.3.2', cluster: processes, way: 'direct' },
])('HEAppE $version in front of $cluster, requests by way of $way', (row) => {
  const { version, cluster, way } = row;
  const { dryRun, postBytes, stream } = featuresOf(version);
  const make = async (): Promise<DriverUnderTest> => {
    const behind = cluster === slurm ? await startTestSlurm() : null;
    const test = await startTestHeappe({
      version,
      ...(behind === null ? {} : schedulerOf(behind)),
    });
    let looks = 0;
    const plain = createDriver(test.config(way === 'direct' ? pastHeappe : {}), {
      installation: 'conf',
      // Files are read job by job; it is the list that is asked for once (one-look.itest.ts counts all calls).
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
      // HEAppE's node, and the task whose tunnel leads to it; without it the job knows better.
      ...(way === 'direct' ? {} : { host: /^cn0[1-4]\.task-\d+$/, longestRequest: postBytes }),
      forecasts: dryRun,
      // The cluster has four nodes.
      refusal: {
        change: { gpuCount: 20, nodes: 5 },
        words: /Requested node configuration is not available|Node count specification invalid/,
      },
      // SLURM counts minutes, and looks every 30 s whose are over.
      walltime:
        behind === null
          ? { seconds: 3, overWithinMs: 20_000 }
          : { seconds: 60, overWithinMs: 150_000 },
      async close() {
        await driver.close();
        await test.stop();
        if (behind !== null) expect(await behind.stop()).toEqual([]);
      },
    };
  };
  const byHeappe = stream === 'none' ? 'whole answers' : 'requests';
  describeClusterDriver('heappe', make, way === 'direct' ? 'bytes' : byHeappe);
});

function schedulerOf({ slurm: { environment } }: TestSlurm) {
  return { scheduler: { kind: 'slurm', environment } } as const;
}
