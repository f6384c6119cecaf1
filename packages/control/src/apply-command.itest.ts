import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { CommandId, Model } from '@wakefield/domain';
import {
  captureLog,
  SAMPLE_NOW,
  type StoreFixture,
  sampleSpec,
  storeFixture,
} from '@wakefield/testkit';
import { type ApplyCommandDeps, applyCommand } from './apply-command.ts';
import type { ClusterDriver } from './ports/cluster.ts';

let store: StoreFixture;
let one: Model;
let other: Model;
/** Commands whose transaction fails for now. */
let failing: Set<CommandId>;

beforeAll(async () => {
  store = await storeFixture();
});
beforeEach(async () => {
  failing = new Set();
  one = await store.model({ idle: false, lastWakeupAt: SAMPLE_NOW - 60_000 });
  const spec = sampleSpec({ hfModelId: 'acme/other' });
  other = await store.model({ project: one.project, spec, idle: false });
});
afterAll(() => store.close());

async function apply(id: CommandId, more: Partial<ApplyCommandDeps> = {}): Promise<void> {
  const { commands } = store.stores;
  const deps: ApplyCommandDeps = {
    holder: randomUUID(),
    ...store.stores,
    commands: {
      ...commands,
      apply: (command, now, decide) =>
        failing.has(command)
          ? Promise.reject(new Error('away for now'))
          : commands.apply(command, now, decide),
    },
    routeBus: { publish: async () => undefined },
    drivers: new Map(),
    defaultCluster: null,
    nudges: { model: async () => undefined },
    clock: { now: () => SAMPLE_NOW },
    ids: { uuid: randomUUID },
    log: captureLog(),
    ...more,
  };
  await applyCommand(deps, id, new AbortController().signal);
}

/** Accepted by a process whose clock is off by so much. */
const accept = (kind: 'sleep' | 'wake', { spec: { hfModelId } }: Model, offMs = 0) =>
  store.accept(one.project, { kind, hfModelId }, { acceptedAt: SAMPLE_NOW + offMs });
const isDone = async (id: CommandId) => (await store.stores.commands.get(id))?.outcome !== null;
const isIdle = async ({ id }: Model) => (await store.stores.models.get(id))?.idle;

test('the order is that of acceptance, whatever the clocks of those who accept say', async () => {
  const sleep = await accept('sleep', one, 5_000);
  const wake = await accept('wake', one, -5_000);
  await apply(wake);
  expect(await isDone(sleep)).toBe(true);
  await apply(sleep);
  expect(await isIdle(one)).toBe(false);
});

test('a command waits for an earlier one of its model that fails for now, others do not', async () => {
  const sleep = await accept('sleep', one);
  const wake = await accept('wake', one);
  const elsewhere = await accept('sleep', other);
  failing.add(sleep);
  await expect(apply(wake)).rejects.toThrow('away for now');
  await apply(elsewhere);
  expect(await Promise.all([sleep, wake, elsewhere].map(isDone))).toEqual([false, false, true]);
  failing.clear();
  await apply(wake);
  expect(await isDone(sleep)).toBe(true);
  expect(await isIdle(one)).toBe(false);
});

test('behind more than are looked at, the last waits its turn', async () => {
  const ids: CommandId[] = [];
  for (let count = 0; count < 101; count += 1) ids.push(await accept('sleep', one));
  const wake = await accept('wake', one);
  await apply(wake);
  expect(await isDone(wake)).toBe(false);
  await apply(wake);
  expect(await Promise.all([...ids, wake].map(isDone))).not.toContain(false);
  expect(await isIdle(one)).toBe(false);
}, 30_000);

test('a cluster is asked to activate a project by one process at a time', async () => {
  const id = await store.accept('eu-11-11', { kind: 'activate', cluster: 'here' });
  let calls = 0;
  const driver = {
    name: 'here',
    async activate() {
      calls += 1;
      await pause(200);
      return [];
    },
    accepts: async () => undefined,
  } as unknown as ClusterDriver;
  const drivers = new Map([['here', driver]]);
  await Promise.all([1, 2, 3].map(() => apply(id, { drivers })));
  expect(calls).toBe(1);
  expect(await isDone(id)).toBe(true);
});
