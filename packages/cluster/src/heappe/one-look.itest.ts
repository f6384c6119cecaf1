import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { type HeappeScene, openHeappeScene } from '../../test/heappe-driver.ts';
import { until } from '../conformance/scene.ts';

jest.setTimeout(120_000);

let scene: HeappeScene;
beforeAll(async () => {
  const nodes = [1, 2, 3, 4, 5].map((number) => ({ name: `cn0${number}`, gpus: 4 }));
  scene = await openHeappeScene(
    { scheduler: { kind: 'processes', nodes, killWaitSeconds: 1 } },
    { cadence: { busy: '100ms', quiet: '1h' } },
  );
});
afterAll(() => scene.close());

test('a look at twenty jobs that serve is one call', async () => {
  const names = Array.from({ length: 20 }, () => scene.newName());
  const endpoint = `echo '{"host":"127.0.0.1","port":20001}' > e; mv e endpoint.json`;
  for (const name of names) {
    await scene.driver.submit(scene.job(name, [endpoint, 'sleep 600']), scene.signal);
  }
  const refs = names.map((name) => ({ name, clusterJobId: null }));
  const look = async () => (await scene.driver.observe(refs, scene.signal)).sightings;
  await until('all of them to serve', async () => {
    const sightings = await look();
    return names.every((name) => sightings.get(name)?.address?.host === '127.0.0.1') ? true : null;
  });
  scene.calls();
  expect((await look()).size).toBe(20);
  expect(scene.calls()).toEqual(['JobManagement/ListJobsForCurrentUser']);
});
