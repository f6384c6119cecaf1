import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openQueueFixture, type QueueFixture, until } from '@wakefield/testkit';
import { createRouteBus } from './route-bus.ts';

let fixture: QueueFixture;
beforeEach(async () => {
  fixture = await openQueueFixture();
});
afterEach(() => fixture.close());

describe('route bus', () => {
  test('every listener of every process hears a change, until it unsubscribes', async () => {
    const here = createRouteBus(fixture.redis);
    const there = createRouteBus(fixture.redis);
    const heard: string[] = [];
    const leave = await here.subscribe((revision) => heard.push(`a${revision}`));
    await here.subscribe((revision) => heard.push(`b${revision}`));
    await there.subscribe((revision) => heard.push(`c${revision}`));
    await here.publish(7);
    await until(() => heard.length === 3);
    expect(heard.toSorted()).toEqual(['a7', 'b7', 'c7']);
    await leave();
    await there.publish(8);
    await until(() => heard.length === 5);
    expect(heard).not.toContain('a8');
  });

  test('what is no revision is ignored', async () => {
    const bus = createRouteBus(fixture.redis);
    const heard: number[] = [];
    await bus.subscribe((revision) => heard.push(revision));
    await fixture.redis.produce.publish(`${fixture.redis.prefix}:routes`, 'nonsense');
    await bus.publish(3);
    await until(() => heard.length > 0);
    expect(heard).toEqual([3]);
  });

  test('the connection goes with the last listener, and comes with the next', async () => {
    const bus = createRouteBus(fixture.redis);
    const leave = await bus.subscribe(() => undefined);
    await leave();
    await leave();
    const channel = `${fixture.redis.prefix}:routes`;
    await until(async () => (await fixture.redis.produce.publish(channel, '1')) === 0);
    const heard: number[] = [];
    await bus.subscribe((revision) => heard.push(revision));
    await bus.publish(4);
    await until(() => heard.length === 1);
  });
});
