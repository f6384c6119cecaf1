import { describe, expect, test } from '@jest/globals';
import type { Command } from '@wakefield/domain';
import { awaitCommand } from './await-command.ts';

const open: Command = {
  id: 'c1',
  project: 'p',
  body: { kind: 'wake', hfModelId: 'a/b' },
  by: 'x',
  acceptedAt: 1,
  outcome: null,
  finishedAt: null,
  traceId: 'a'.repeat(32),
};
const done: Command = { ...open, outcome: { status: 'applied', created: false }, finishedAt: 2 };

/** Gives these answers one after the other; the last one stays. */
function answers(...given: readonly (Command | null)[]) {
  let asked = 0;
  const get = async () => given[Math.min(asked++, given.length - 1)] ?? null;
  return { get, asked: () => asked };
}

describe('waiting for a command', () => {
  test('ends as soon as it is finished', async () => {
    expect(await awaitCommand(answers(open, open, done), 'c1', 60_000)).toBe(done);
  });

  test('ends at once for one that is not there', async () => {
    expect(await awaitCommand(answers(null), 'c1', 60_000)).toBeNull();
  });

  test('gives the command as it stands when the time is over', async () => {
    const store = answers(open);
    expect(await awaitCommand(store, 'c1', 60)).toBe(open);
    // The pauses grow: nobody is asked a thousand times.
    expect(store.asked()).toBeLessThan(12);
  });

  test('asks once where there is no time', async () => {
    const store = answers(open);
    expect(await awaitCommand(store, 'c1', 0)).toBe(open);
    expect(store.asked()).toBe(1);
  });

  test('passes on that the store is away', async () => {
    const away = { get: () => Promise.reject(new Error('away')) };
    await expect(awaitCommand(away, 'c1', 60_000)).rejects.toThrow('away');
  });
});
