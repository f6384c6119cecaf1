import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { ClusterDriver } from '@wakefield/control';
import type { JobSighting } from '@wakefield/domain';
import { startTestHeappe, type TestHeappe } from '@wakefield/testkit';
import { smallJob, until } from '../conformance/scene.ts';
import { createDriver } from '../create-driver.ts';

jest.setTimeout(60_000);

const signal = AbortSignal.timeout(600_000);
const person = {
  username: 'someone',
  email: 'someone@example.eu',
  permissions: { demo: ['heappe_exec', 'heappe_manager'] },
};
let heappe: TestHeappe;
let driver: ClusterDriver;
let ahead = 0;
let calls: string[] = [];

beforeAll(async () => {
  // As with SSH-CA: nobody looks at the cluster but who asks for a job.
  const bearer = { mode: 'introspection', personOf: async () => person } as const;
  heappe = await startTestHeappe({ version: '6.3', pollMs: null, bearer });
  await heappe.write('token', 'good');
  const credential = { kind: 'bearer', tokenFile: 'token' };
  driver = createDriver(heappe.config({ credential, cadence: { busy: '100ms', quiet: '30s' } }), {
    installation: 'live',
    elapsed: () => performance.now() + ahead,
    onRoundTrip: (call) => calls.push(call ?? ''),
  });
  await driver.activate('demo', signal);
});
afterAll(async () => {
  await driver.close();
  await heappe.stop();
});

const name = 'wf-live-0000000000000001-1';
const ref = { name, clusterJobId: null };
async function sight(): Promise<JobSighting> {
  const { sightings } = await driver.observe([ref], signal);
  const sighting = sightings.get(name);
  if (sighting === undefined) throw new Error('nothing was said of it');
  return sighting;
}
const asked = () => calls.filter((path) => path === 'JobManagement/CurrentInfoForJob').length;

test('an instance that does not look at its jobs by itself is asked for each', async () => {
  const script = '#!/bin/bash\nwhile [ ! -e wakefield_end ]; do sleep 0.1; done\n';
  await driver.submit(smallJob({ name, script }), signal);
  expect((await sight()).clusterJob?.state).toBe('running');
  expect(asked()).toBe(0);
  await driver.askToEnd([ref], signal);
  await until('its launcher to be over', async () => {
    ahead += 31_000;
    const { clusterJob } = await sight();
    return clusterJob?.state === 'completed' ? true : null;
  });
  expect(asked()).toBeGreaterThan(0);
  // It is over, and nobody is asked any more.
  calls = [];
  ahead += 31_000;
  await sight();
  expect(asked()).toBe(0);
});
