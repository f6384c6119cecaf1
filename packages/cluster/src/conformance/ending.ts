import { access } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import type { Scene } from './scene.ts';
import { isAlive, until } from './scene.ts';

/** Says in the file `heard` which signals reach it, and stays. */
const listener = [
  `bash -c 'for s in USR1 TERM HUP INT; do trap "echo $s >> heard" $s; done; echo $$ > child; while :; do sleep 0.1; done' &`,
  'while [ ! -s child ]; do sleep 0.02; done',
];

export function endingTests(scene: () => Scene): void {
  test('asks only the batch shell to end', async () => {
    const { driver, signal, newName, job, file, sightUntil } = scene();
    const name = newName();
    await driver.submit(
      job(name, [
        'asked=',
        'trap "asked=yes" USR1',
        ...listener,
        'echo $$ > shell.new; mv shell.new shell',
        // `wait` could miss a signal that comes right before it.
        'while [ -z "$asked" ]; do sleep 0.1; done',
        'sleep 0.5; cat heard > overheard 2>/dev/null',
        'kill -KILL "$(cat child)"',
        `echo '{"exitCode":0,"cause":"drained","at":5}' > exit.json`,
      ]),
      signal,
    );
    await until('the job to run', async () => (await file(name, 'shell')) || null);
    // A scheduler in between may learn of it later than its files tell, and a job that waits is cancelled.
    await sightUntil(name, ({ clusterJob }) => clusterJob?.state === 'running');
    await driver.askToEnd([{ name, clusterJobId: null }], signal);
    const seen = await sightUntil(name, ({ clusterJob }) => clusterJob?.state === 'completed');
    expect(seen.exit?.cause).toBe('drained');
    expect(await file(name, 'overheard')).toBe('');
  });

  test('cancels a job with everything that it started, even if it will not', async () => {
    const { driver, signal, newName, job, file, sightUntil } = scene();
    const name = newName();
    await driver.submit(
      job(name, [
        'trap "" TERM USR1',
        ...listener,
        'echo $$ > shell.new; mv shell.new shell',
        'wait',
      ]),
      signal,
    );
    const shell = Number(
      await until('the job to run', async () => (await file(name, 'shell')) || null),
    );
    const child = Number(await file(name, 'child'));
    expect([await isAlive(shell), await isAlive(child)]).toEqual([true, true]);
    await driver.cancel([{ name, clusterJobId: null }], signal);
    const { clusterJob } = await sightUntil(name, (sighting) => isOver(sighting.clusterJob?.state));
    expect(clusterJob?.state).toBe('cancelled');
    await until('its processes to be gone', async () =>
      (await isAlive(shell)) || (await isAlive(child)) ? null : true,
    );
  });

  test('takes unknown and ended jobs for done', async () => {
    const { driver, signal, newName, job, sightUntil } = scene();
    const name = newName();
    await driver.submit(job(name, ['true']), signal);
    await sightUntil(name, ({ clusterJob }) => clusterJob?.state === 'completed');
    const refs = [
      { name, clusterJobId: null },
      { name: newName(), clusterJobId: '999999' },
    ];
    await driver.askToEnd(refs, signal);
    await driver.cancel(refs, signal);
    await driver.askToEnd([], signal);
    await driver.cancel([], signal);
    expect((await driver.find(name, signal))?.state).toBe('completed');
  });

  test('ends several jobs at once and leaves the others alone', async () => {
    const { driver, signal, newName, job, sight, sightUntil } = scene();
    const names = [newName(), newName(), newName()];
    for (const name of names) await driver.submit(job(name, ['sleep 600']), signal);
    const [first = '', second = '', third = ''] = names;
    await driver.cancel(
      [first, second].map((name) => ({ name, clusterJobId: null })),
      signal,
    );
    for (const name of [first, second])
      await sightUntil(name, ({ clusterJob }) => clusterJob?.state === 'cancelled');
    expect(isOver((await sight(third)).clusterJob?.state)).toBe(false);
  });

  test('removes what jobs left', async () => {
    const { driver, signal, newName, job, directory, sightUntil } = scene();
    const [gone, kept] = [newName(), newName()];
    for (const name of [gone, kept]) {
      await driver.submit(
        job(name, ['mkdir sub; echo x > sub/file'], { secretFiles: { key: 'k' } }),
        signal,
      );
      await sightUntil(name, ({ clusterJob }) => clusterJob?.state === 'completed');
    }
    await driver.forget([gone, newName()], signal);
    await driver.forget([], signal);
    await expect(access(directory(gone))).rejects.toThrow('ENOENT');
    await expect(access(directory(kept))).resolves.toBeUndefined();
    expect(await driver.readLog({ name: gone, clusterJobId: null }, 0, 100, signal)).toBeNull();
  });

  test('enforces the walltime', async () => {
    const { driver, given, signal, newName, job, file, sight } = scene();
    const { seconds, overWithinMs, hurry } = given.walltime;
    const name = newName();
    const { clusterJobId } = await driver.submit(
      job(name, ['trap "" TERM', 'echo $$ > shell', 'while :; do sleep 1; done'], {
        walltimeSeconds: seconds,
      }),
      signal,
    );
    await until('the job to run', async () => (await file(name, 'shell')) || null);
    await hurry?.(clusterJobId);
    const seen = await until(
      'the end of the walltime',
      async () => {
        const sighting = await sight(name);
        return isOver(sighting.clusterJob?.state) ? sighting : null;
      },
      overWithinMs,
    );
    expect(seen.clusterJob?.state).toBe('timeout');
    const shell = Number(await file(name, 'shell'));
    await until('its shell to be gone', async () => ((await isAlive(shell)) ? null : true));
  }, 200_000);
}

function isOver(state: string | undefined): boolean {
  return state !== undefined && !['pending', 'running', 'completing', 'unknown'].includes(state);
}
