import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Placed } from '@wakefield/control';
import { openQueueFixture, type QueueFixture, until } from '@wakefield/testkit';
import { createPlacementBus } from './placement-bus.ts';

let fixture: QueueFixture;
beforeEach(async () => {
  fixture = await openQueueFixture();
});
afterEach(() => fixture.close());

test('what one proxy has placed is heard by all, until they leave; nonsense by nobody', async () => {
  const bus = createPlacementBus(fixture.redis);
  const [here, there]: [Placed[], Placed[]] = [[], []];
  const leave = await bus.subscribe((placed) => here.push(placed));
  await createPlacementBus(fixture.redis).subscribe((placed) => there.push(placed));
  const placed = { proxyId: 'p1', models: { m: { job: [1, -(2 ** 31)] } } };
  for (const text of ['nonsense', '{"proxyId":"p1","models":{"m":{"job":["x"]}}}'])
    await fixture.redis.produce.publish(`${fixture.redis.prefix}:placed`, text);
  await bus.publish(placed);
  await until(() => here.length > 0 && there.length > 0);
  expect([here, there]).toEqual([[placed], [placed]]);
  await leave();
  await bus.publish({ ...placed, proxyId: 'p2' });
  await until(() => there.length === 2);
  expect(here).toHaveLength(1);
});
