import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  jest,
  test,
} from '@jest/globals';
import { sampleServiceSpec } from '@wakefield/testkit';
import { type Ground, openGround } from '../test/ground.ts';
import { type HookServer, hookServer, webhookTo } from '../test/hook-server.ts';
import { openWorld, type World } from '../test/world.ts';

jest.setTimeout(60_000);

let ground: Ground;
let server: HookServer;
let world: World;
beforeAll(async () => {
  ground = await openGround();
});
beforeEach(async () => {
  server = await hookServer();
  const webhook = webhookTo(server, () => world.now());
  world = openWorld(ground, [], { ...webhook, told: () => heard() });
  world.start();
  await world.wish({ kind: 'activate', cluster: null });
  await world.round();
});
afterEach(async () => {
  await world.close();
  await server.close();
});
afterAll(() => ground.close());

const minute = 60_000;
const hour = 60 * minute;
const resources = { ...sampleServiceSpec().resources, walltimeMinutes: 60 };

/** What came in, each once, in the order in which it came first. */
const heard = () => [...new Set(server.deliveries.map(({ body }) => body.type))];
const answerWith = (status: number) => {
  server.answer = (_, response) => response.writeHead(status).end();
};
const row = async () =>
  (await ground.store.sql('select outcome, tries from service_notices order by place'))[0];

async function start(over: Parameters<typeof sampleServiceSpec>[0] = {}): Promise<void> {
  await world.wish({ kind: 'startService', spec: sampleServiceSpec({ resources, ...over }) });
  await world.until(({ service }) => service === 'running');
}

describe('who listens', () => {
  test('is told what becomes of a service, signed, in its order and once', async () => {
    await start({ name: 'mine' });
    await world.until(({ service }) => service === 'completed', 80, minute);
    await world.round();
    expect(server.forged).toEqual([]);
    const types = server.deliveries.map(({ body }) => body.type);
    expect(types).toEqual(['service.running', 'service.ending', 'service.completed']);
    const [running, ending, completed] = server.deliveries.map(({ body }) => body);
    const { data } = running ?? {};
    const uuid = await world.serviceId();
    expect(data).toMatchObject({ uuid, id: '1', name: 'mine', status: 'running', cluster: 'here' });
    expect(ending?.data).toEqual(data);
    expect(completed?.data).toMatchObject({ uuid, status: 'completed', ends_at: null });
    const before = Date.parse(String(data?.ends_at)) - Date.parse(ending?.timestamp ?? '');
    expect(before).toBeLessThanOrEqual(6 * minute);
    expect(before).toBeGreaterThan(4 * minute);
    const times = server.deliveries.map(({ body }) => body.timestamp);
    expect(times).toEqual(times.toSorted());
  });

  test('hears that one was stopped, and nothing of the end of one that is kept', async () => {
    await start({ keep: true });
    await world.until(({ jobs }) => jobs.length === 2, 80, minute);
    await world.until(({ routes }) => routes.includes(2));
    await world.wish({ kind: 'stopService', serviceId: await world.serviceId() });
    await world.until(({ service }) => service === 'stopped');
    await world.until(({ told = [] }) => told.length === 2);
    expect(heard()).toEqual(['service.running', 'service.stopped']);
  });

  test('and fails for a while gets everything afterwards, in its order', async () => {
    answerWith(503);
    await start();
    for (let rounds = 0; rounds < 57; rounds += 1) await world.round(minute);
    expect(heard()).toEqual(['service.running', 'service.ending']);
    const tries = server.deliveries.length;
    server.answer = null;
    await world.until(({ service }) => service === 'completed', 10, minute);
    await world.round();
    const taken = server.deliveries.slice(tries).map(({ body }) => body.type);
    expect(taken).toEqual(['service.running', 'service.ending', 'service.completed']);
    const ids = new Set(server.deliveries.map(({ id }) => id));
    expect(ids.size).toBe(3);
    expect(server.forged).toEqual([]);
  });

  test('but does not take one is told the others', async () => {
    server.answer = ({ body }, response) =>
      response.writeHead(body.type === 'service.running' ? 400 : 204).end();
    await start();
    await world.until(({ told = [] }) => told.includes('service.ending'), 80, minute);
    await world.until(({ told = [] }) => told.includes('service.completed'), 20, minute);
    const rows = await ground.store.sql('select kind, outcome from service_notices order by place');
    expect(rows).toEqual([
      { kind: 'running', outcome: null },
      { kind: 'ending', outcome: 'delivered' },
      { kind: 'completed', outcome: 'delivered' },
    ]);
  });

  test('is left alone for longer and longer, and after a day for good', async () => {
    answerWith(500);
    await start({ resources: { ...resources, walltimeMinutes: 48 * 60 } });
    const times: number[] = [];
    const tick = async (ms: number, rounds: number) => {
      for (let round = 0; round < rounds; round += 1) {
        const before = server.deliveries.length;
        await world.round(ms);
        for (let more = server.deliveries.length - before; more > 0; more -= 1)
          times.push(world.now());
      }
    };
    await tick(5_000, 60);
    const early = server.deliveries.length;
    expect(early).toBeGreaterThanOrEqual(5);
    expect(early).toBeLessThanOrEqual(8);
    await tick(10 * minute, 24 * 6);
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(40 * minute);
    expect(gaps.slice(-5).every((gap) => gap >= 30 * minute)).toBe(true);
    expect(await row()).toMatchObject({ outcome: 'given_up', tries: server.deliveries.length });
    const given = server.deliveries.length;
    await tick(hour, 3);
    expect(server.deliveries).toHaveLength(given);
    expect(world.log.has('notice given up')).toBe(true);
  });
});

test('what one process did not get to tell, another one tells', async () => {
  server.answer = () => undefined;
  await world.wish({ kind: 'startService', spec: sampleServiceSpec({ resources }) });
  // Rounds wait for all that runs: the one that is told of is not waited for.
  const held = world.until(() => server.deliveries.length > 0);
  const deadline = Date.now() + 20_000;
  while (server.deliveries.length === 0 && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 20));
  expect(server.deliveries).toHaveLength(1);
  for (const life of world.lives) life.kill();
  server.answer = null;
  await held;
  world.start();
  await world.expireLeases();
  await world.until(() => server.deliveries.length > 1);
  const [first, again] = server.deliveries;
  expect(again?.id).toBe(first?.id);
});

test('nothing is kept for nobody', async () => {
  await world.close();
  world = openWorld(ground);
  world.start();
  await world.wish({ kind: 'activate', cluster: null });
  await world.round();
  await start();
  await world.wish({ kind: 'stopService', serviceId: await world.serviceId() });
  await world.until(({ service }) => service === 'stopped');
  expect(await ground.store.sql('select * from service_notices')).toEqual([]);
});
