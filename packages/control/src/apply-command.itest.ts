import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
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
import { type ApplyActivationDeps, applyActivation } from './apply-activation.ts';
import { applyCommand } from './apply-command.ts';
import { type ClusterDriver, ClusterError } from './ports/cluster.ts';

let store: StoreFixture;
let one: Model;
let other: Model;
/** Commands whose transaction fails for now. */
let failing: Set<CommandId>;
/** Commands that were nudged. */
let nudged: CommandId[];

beforeAll(async () => {
  store = await storeFixture();
});
beforeEach(async () => {
  failing = new Set();
  nudged = [];
  one = await store.model({ idle: false, lastWakeupAt: SAMPLE_NOW - 60_000 });
  const spec = sampleSpec({ hfModelId: 'acme/other' });
  other = await store.model({ project: one.project, spec, idle: false });
});
afterAll(() => store.close());

function depsOf(more: Partial<ApplyActivationDeps>): ApplyActivationDeps {
  const { commands } = store.stores;
  return {
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
    nudges: {
      model: async () => undefined,
      service: async () => undefined,
      activation: async () => undefined,
      command: async (id) => void nudged.push(id),
    },
    clock: { now: () => SAMPLE_NOW },
    ids: { uuid: randomUUID },
    log: captureLog(),
    ...more,
  };
}

async function apply(id: CommandId, more: Partial<ApplyActivationDeps> = {}): Promise<void> {
  await applyCommand(depsOf(more), id, new AbortController().signal);
}

async function activate(
  id: CommandId,
  here: ClusterDriver,
  { signal = new AbortController().signal, withinMs = 10_000 } = {},
): Promise<void> {
  await applyActivation(depsOf({ drivers: new Map([['here', here]]) }), id, signal, withinMs);
}

function cluster(activation: ClusterDriver['activate']): ClusterDriver {
  const driver: Partial<ClusterDriver> = {
    name: 'here',
    activate: activation,
    accepts: async () => undefined,
  };
  return driver as ClusterDriver;
}

const activation = (project: string) =>
  store.accept(project, { kind: 'activate', cluster: 'here' });

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
  const id = await activation('eu-11-11');
  let calls = 0;
  const here = cluster(async () => {
    calls += 1;
    await pause(200);
    return [];
  });
  await Promise.all([1, 2, 3].map(() => activate(id, here)));
  expect(calls).toBe(1);
  expect(await isDone(id)).toBe(true);
});

test('an activation is handed on, and those alone wait for it that follow it', async () => {
  const id = await activation(one.project);
  const register = await store.accept(one.project, { kind: 'register', spec: one.spec });
  const wake = await accept('wake', other);
  const handedOn: CommandId[] = [];
  const nudges = {
    ...depsOf({}).nudges,
    activation: async (command: CommandId) => void handedOn.push(command),
  };
  for (const each of [id, register, wake]) await apply(each, { nudges });
  expect(handedOn).toEqual([id]);
  expect(await Promise.all([id, register, wake].map(isDone))).toEqual([false, false, true]);
  await activate(
    id,
    cluster(async () => []),
  );
  expect(nudged).toEqual([register]);
  await apply(register);
  expect(await Promise.all([id, register].map(isDone))).toEqual([true, true]);
});

/** As a driver that is given up. */
const hangs = cluster(async (_project, signal) => {
  await once(signal, 'abort');
  throw new ClusterError('unreachable', 'given up');
});

test('an activation that has to end is left for the next delivery', async () => {
  const id = await activation('eu-11-12');
  const stop = new AbortController();
  const run = activate(id, hangs, { signal: stop.signal });
  setTimeout(() => stop.abort(new Error('the process ends')), 100);
  await expect(run).rejects.toThrow('the process ends');
  expect(await isDone(id)).toBe(false);
  await activate(
    id,
    cluster(async () => []),
  );
  expect((await store.stores.commands.get(id))?.outcome).toMatchObject({ status: 'applied' });
});

test('a cluster that takes too long over an activation has refused it', async () => {
  const id = await activation('eu-11-13');
  await activate(id, hangs, { withinMs: 100 });
  expect((await store.stores.commands.get(id))?.outcome).toMatchObject({
    status: 'rejected',
    code: 'cluster_unreachable',
  });
});
