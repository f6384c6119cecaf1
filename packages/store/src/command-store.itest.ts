import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { NewCommand, Stores } from '@wakefield/control';
import { type CommandBody, defaultRouting } from '@wakefield/domain';
import { SAMPLE_NOW, type StoreFixture, sampleSpec, storeFixture } from '@wakefield/testkit';
import { done, rejected, wake } from '../test/commands.ts';

let fixture: StoreFixture;
let commands: Stores['commands'];
/** The same database as a second process sees it. */
let other: Stores['commands'];

beforeAll(async () => {
  fixture = await storeFixture();
  commands = fixture.stores.commands;
  other = fixture.another().commands;
});
afterAll(() => fixture.close());

function newCommand(over: Partial<NewCommand> = {}): NewCommand {
  return {
    id: randomUUID(),
    project: 'p',
    body: wake,
    by: 'local',
    acceptedAt: SAMPLE_NOW,
    traceId: 'a'.repeat(32),
    idempotencyKey: null,
    ...over,
  };
}

describe('insert', () => {
  test('a command is read back as it was accepted', async () => {
    const spec = sampleSpec({
      hfModelId: 'org/model-7B\0',
      engineArgs: { a: 1.5, b: 'x', c: true },
    });
    const command = newCommand({ body: { kind: 'register', spec } });
    const insertion = await commands.insert(command);
    const { idempotencyKey, ...accepted } = command;
    const body = { kind: 'register', spec: { ...spec, hfModelId: 'org/model-7B\uFFFD' } };
    const stored = { ...accepted, body, outcome: null, finishedAt: null };
    expect(insertion).toEqual({ kind: 'inserted', command: stored });
    expect(await commands.get(command.id)).toEqual(stored);
  });

  test('the same key with the same body stands for the first command', async () => {
    const spec = sampleSpec({ engineArgs: { a: 1, b: 2 } });
    const first = newCommand({ idempotencyKey: 'k1', body: { kind: 'register', spec } });
    const { engineArgs, ...rest } = spec;
    const sameInOtherOrder = { engineArgs: { b: 2, a: 1 }, ...rest };
    const again = newCommand({
      idempotencyKey: 'k1',
      body: { spec: sameInOtherOrder, kind: 'register' },
    });
    await commands.insert(first);
    expect(await commands.insert(again)).toMatchObject({
      kind: 'replayed',
      command: { id: first.id },
    });
    expect(await commands.get(again.id)).toBeNull();
  });

  test('a replay shows the outcome', async () => {
    const first = newCommand({ idempotencyKey: 'k2' });
    await commands.insert(first);
    await commands.apply(first.id, SAMPLE_NOW + 5, () => rejected);
    expect(await commands.insert(newCommand({ idempotencyKey: 'k2' }))).toMatchObject({
      kind: 'replayed',
      command: { id: first.id, outcome: rejected.outcome, finishedAt: SAMPLE_NOW + 5 },
    });
  });

  test('the same key with another body or project is refused', async () => {
    await commands.insert(newCommand({ idempotencyKey: 'k3' }));
    const body: CommandBody = { kind: 'sleep', hfModelId: 'acme/small' };
    expect(await commands.insert(newCommand({ idempotencyKey: 'k3', body }))).toEqual({
      kind: 'key_reused',
    });
    expect(await commands.insert(newCommand({ idempotencyKey: 'k3', project: 'q' }))).toEqual({
      kind: 'key_reused',
    });
  });

  test('keys of different principals do not meet, and no key never does', async () => {
    await commands.insert(newCommand({ idempotencyKey: 'k4' }));
    const kinds = [
      await commands.insert(newCommand({ idempotencyKey: 'k4', by: 'somebody' })),
      await commands.insert(newCommand()),
      await commands.insert(newCommand()),
    ].map(({ kind }) => kind);
    expect(kinds).toEqual(['inserted', 'inserted', 'inserted']);
  });

  test('of many insertions with one key at once, one is accepted', async () => {
    const insertions = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        (i % 2 ? commands : other).insert(newCommand({ idempotencyKey: 'k5' })),
      ),
    );
    const ids = new Set(insertions.flatMap((i) => (i.kind === 'key_reused' ? [] : [i.command.id])));
    expect(insertions.filter(({ kind }) => kind === 'inserted')).toHaveLength(1);
    expect(insertions.filter(({ kind }) => kind === 'replayed')).toHaveLength(11);
    expect(ids.size).toBe(1);
  });
});

test('a registration of an older release says nothing of what it could not ask for', async () => {
  const { otherClusters, minReplicas, routing, ...spec } = sampleSpec();
  const body = { kind: 'register', spec } as unknown as CommandBody;
  const command = newCommand({ body });
  await commands.insert(command);
  expect((await commands.get(command.id))?.body).toMatchObject({
    spec: { ...spec, otherClusters: [], minReplicas: 0, routing: defaultRouting },
  });
});

test('an unknown id and a malformed one name nothing', async () => {
  for (const id of [randomUUID(), 'nonsense', '']) {
    expect(await commands.get(id)).toBeNull();
    expect(await commands.apply(id, SAMPLE_NOW, () => done)).toBeNull();
  }
});

test('what is unfinished of a project before a command comes in the order of acceptance', async () => {
  const project = `p-${randomUUID()}`;
  // Each process has its own clock, and they differ.
  const at = (acceptedAt: number, over: Partial<NewCommand> = {}) =>
    newCommand({ project, acceptedAt: SAMPLE_NOW + acceptedAt, ...over });
  const [first, second, finished, last] = [at(9), at(-3), at(3), at(1)];
  const foreign = at(1, { project: 'another' });
  for (const command of [first, second, finished, foreign, last, at(0)])
    await commands.insert(command);
  await commands.apply(finished.id, SAMPLE_NOW, () => done);
  const before = async (command: NewCommand, limit = 10) =>
    (
      await commands.listUnfinishedBefore({ ...command, outcome: null, finishedAt: null }, limit)
    ).map(({ id }) => id);
  expect(await before(first)).toEqual([]);
  expect(await before(second)).toEqual([first.id]);
  expect(await before(last)).toEqual([first.id, second.id]);
  expect(await before(last, 1)).toEqual([first.id]);
  const page = await commands.listForProject(project, { limit: 2, after: last.id });
  expect(page.map(({ id }) => id)).toEqual([finished.id, second.id]);
});

test('stale commands are unfinished, old enough, oldest first, and bounded in number', async () => {
  const old = SAMPLE_NOW - 1_000_000;
  const at = (acceptedAt: number) => newCommand({ acceptedAt });
  const [third, first, second, finished] = [at(old + 2), at(old), at(old + 1), at(old)];
  for (const command of [first, second, third, finished]) await commands.insert(command);
  await commands.apply(finished.id, SAMPLE_NOW, () => done);
  expect(await commands.listStale(old + 3, 10)).toEqual([first.id, second.id, third.id]);
  expect(await commands.listStale(old + 2, 10)).toEqual([first.id, second.id]);
  expect(await commands.listStale(old + 3, 1)).toEqual([first.id]);
});
