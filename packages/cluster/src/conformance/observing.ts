import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { Scene } from './scene.ts';

const twoHoursMs = 2 * 3600_000;

export function observingTests(scene: () => Scene): void {
  test('sees a running job, its address and its GPU', async () => {
    const { given, driver, signal, newName, job, sightUntil } = scene();
    const name = newName();
    const before = Date.now();
    const { clusterJobId } = await driver.submit(
      job(name, [
        'echo 42 > gpu',
        `echo '{"host":"127.0.0.1","port":20001,"pid":7,"at":1}' > endpoint.new`,
        'mv endpoint.new endpoint.json',
        'sleep 600',
      ]),
      signal,
    );
    const seen = await sightUntil(name, ({ address }) => address !== null);
    expect(seen).toEqual({
      clusterJob: expect.objectContaining({ clusterJobId, name, state: 'running' }),
      address: { host: expect.stringMatching(given.host ?? /^127\.0\.0\.1$/), port: 20_001 },
      misplaced: null,
      building: false,
      exit: null,
      logTail: null,
      gpuUtilization: 42,
    });
    expect(seen.clusterJob?.node).toEqual(expect.any(String));
    // Zones would show as whole hours, clocks that tick in seconds as less than one.
    const { submittedAt, startedAt, endsAt } = seen.clusterJob ?? {};
    for (const at of [submittedAt, startedAt]) {
      expect(at).toBeGreaterThan(before - 2000);
      expect(at).toBeLessThan(Date.now() + 2000);
    }
    expect(Math.abs((endsAt ?? 0) - (startedAt ?? 0) - 600_000)).toBeLessThan(2000);
  });

  test('tells that a job builds, for as long as it does', async () => {
    const { driver, signal, newName, job, directory, sightUntil } = scene();
    const name = newName();
    await driver.submit(
      job(name, [
        'echo building > stage',
        'while [ ! -e go ]; do sleep 0.1; done',
        'rm stage',
        'sleep 600',
      ]),
      signal,
    );
    const seen = await sightUntil(name, ({ building }) => building);
    expect(seen).toMatchObject({ clusterJob: { state: 'running' }, address: null, exit: null });
    await writeFile(join(directory(name), 'go'), '');
    const after = await sightUntil(name, ({ building }) => !building);
    expect(after.clusterJob?.state).toBe('running');
  });

  test('a job that was ended while it built does not build', async () => {
    const { driver, signal, newName, job, file, sightUntil } = scene();
    const name = newName();
    await driver.submit(job(name, ['echo building > stage', 'sleep 600']), signal);
    await sightUntil(name, ({ building }) => building);
    await driver.cancel([{ name, clusterJobId: null }], signal);
    await sightUntil(name, ({ building }) => !building);
    expect(await file(name, 'stage')).toBe('building\n');
  });

  test('reads exit record and log of a job that is over', async () => {
    const { driver, signal, newName, job, sightUntil } = scene();
    const name = newName();
    await driver.submit(
      job(name, [
        'for i in {1..5000}; do echo "line $i"; done > log',
        `printf '%s' '{"exitCode":3,"cause":"engine","at":1700000000000}' > exit.json`,
        'exit 3',
      ]),
      signal,
    );
    const seen = await sightUntil(name, ({ clusterJob }) => clusterJob?.state === 'failed');
    expect(seen.exit).toEqual({ exitCode: 3, cause: 'engine', at: 1_700_000_000_000 });
    expect(seen.logTail).toContain('line 5000');
    expect(seen.logTail?.length).toBeLessThan(20_000);
    expect(seen.clusterJob?.reason).toEqual(expect.any(String));
  });

  test('is not confused by broken files', async () => {
    const { driver, signal, newName, job, sightUntil } = scene();
    const name = newName();
    await driver.submit(
      job(name, [
        `echo '{"host":"a b","port":"x"}' > endpoint.json`,
        'echo N/A > gpu',
        "printf '\\377\\000\\376{' > exit.json",
        "printf 'before \\000 after \\377\\n' > log",
      ]),
      signal,
    );
    const seen = await sightUntil(name, ({ clusterJob }) => clusterJob?.state === 'completed');
    expect(seen).toMatchObject({ address: null, exit: null, gpuUtilization: null });
    expect(seen.logTail).toMatch(/^before .*after/);
  });

  test.each([
    ['another machine', '169.254.169.254', 20_001],
    ['a port that is none of theirs', '127.0.0.1', 22],
  ])('does not believe a job that says it answers on %s', async (_, host, port) => {
    const { driver, given, signal, newName, job, sightUntil } = scene();
    const name = newName();
    // Where the cluster knows better, the job's word for its host is not asked.
    if (given.host !== undefined && port !== 22) return;
    const told = JSON.stringify({ host, port });
    await driver.submit(
      job(name, [`echo '${told}' > e`, 'mv e endpoint.json', 'sleep 600']),
      signal,
    );
    const seen = await sightUntil(name, ({ misplaced }) => misplaced !== null);
    expect(seen).toMatchObject({ address: null, misplaced: { port } });
  });

  test('looks at any number of jobs in one round trip', async () => {
    const { driver, given, signal, newName, job } = scene();
    const names = [newName(), newName(), newName()];
    for (const name of names) await driver.submit(job(name, ['sleep 600']), signal);
    const unknown = newName();
    const before = given.roundTrips();
    const asked = Date.now();
    const snapshot = await driver.observe(
      [...names, unknown].map((name) => ({ name, clusterJobId: '999999' })),
      signal,
    );
    expect(given.roundTrips() - before).toBe(1);
    expect(snapshot.cluster).toBe(driver.name);
    expect(snapshot.takenAt).toBeGreaterThanOrEqual(asked);
    expect(snapshot.takenAt).toBeLessThanOrEqual(Date.now());
    for (const name of names) expect(snapshot.sightings.get(name)?.clusterJob).not.toBeNull();
    expect(snapshot.sightings.get(unknown)).toEqual({
      clusterJob: null,
      address: null,
      misplaced: null,
      building: false,
      exit: null,
      logTail: null,
      gpuUtilization: null,
    });
  });

  test('lists our jobs that nobody asked for, and no others', async () => {
    const { driver, signal, newName, job } = scene();
    const name = newName();
    await driver.submit(job(name, ['sleep 600']), signal);
    const { sightings } = await driver.observe([], signal);
    expect(sightings.get(name)?.clusterJob).toMatchObject({ name });
    expect(await driver.find('wf-other-0000000000000000-1', signal)).toBeNull();
  });

  test('gives up when it is told to', async () => {
    const { driver, newName } = scene();
    const refs = [{ name: newName(), clusterJobId: null }];
    await expect(driver.observe(refs, AbortSignal.abort())).rejects.toMatchObject({
      name: 'ClusterError',
      kind: 'unreachable',
    });
  });

  test('says what one job may ask for at most, where it knows', async () => {
    const { driver, signal } = scene();
    const { gpus, fixedSize, ...bounds } = await driver.bounds(signal);
    // Who submits and who checks what is asked for are told the same.
    expect(fixedSize).toBe(driver.fixedSize);
    for (const [name, value] of Object.entries(bounds))
      expect([name, Number.isSafeInteger(value) && value > 0]).toEqual([name, true]);
    expect(gpus ?? 0).toBeGreaterThanOrEqual(0);
  });

  test('says by its cadence how often to look', () => {
    const { busyMs, quietMs, patienceMs } = scene().driver.cadence;
    expect(busyMs).toBeGreaterThan(0);
    expect(patienceMs).toBeGreaterThan(0);
    expect(quietMs).toBeGreaterThanOrEqual(busyMs);
    expect(quietMs).toBeLessThan(twoHoursMs);
  });
}
