import { stat } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import type { Scene } from './scene.ts';
import { until } from './scene.ts';

/** Text that means something to shells, option parsers, templates and terminals. */
const nasty = `a'b"c $(touch /tmp/no) \`id\` \\n %j %% !! ; | & > < * ~ -n --help {x} ärger 日本 \t end`;

export function launchingTests(scene: () => Scene): void {
  test('runs a job once, however often it is submitted', async () => {
    const { driver, signal, newName, job, file } = scene();
    const name = newName();
    const submission = job(name, ['echo run >> runs', 'sleep 600']);
    const first = await driver.submit(submission, signal);
    const second = await driver.submit(submission, signal);
    await until('the job to run', async () => (await file(name, 'runs')) || null);
    const third = await driver.submit(submission, signal);
    expect([first.adopted, second.adopted, third.adopted]).toEqual([false, true, true]);
    expect(second.clusterJobId).toBe(first.clusterJobId);
    expect(third.clusterJobId).toBe(first.clusterJobId);
    expect(await file(name, 'runs')).toBe('run\n');
    expect(await driver.find(name, signal)).toMatchObject({
      clusterJobId: first.clusterJobId,
      name,
    });
  });

  test('adopts a job that is over, too', async () => {
    const { driver, signal, newName, job, file, sightUntil } = scene();
    const name = newName();
    const submission = job(name, ['echo run >> runs']);
    const first = await driver.submit(submission, signal);
    await sightUntil(name, ({ clusterJob }) => clusterJob?.state === 'completed');
    const again = await driver.submit(submission, signal);
    expect(again).toEqual({ clusterJobId: first.clusterJobId, adopted: true });
    expect(await file(name, 'runs')).toBe('run\n');
  });

  test('keeps secrets to the user, byte for byte', async () => {
    const { driver, given, signal, newName, job, directory, file } = scene();
    const name = newName();
    const secretFiles = { key: 'k3y\n', 'api_keys.txt': `${nasty}\n\n  two\r\nlines`, empty: '' };
    await driver.submit(job(name, ['cat key > seen'], { secretFiles }), signal);
    const seen = () => until('the job to read it', async () => (await file(name, 'seen')) || null);
    if (given.closesSecretsLate === true) await seen();
    for (const [secret, content] of Object.entries(secretFiles)) {
      expect(await file(name, secret)).toBe(content);
      expect((await stat(`${directory(name)}/${secret}`)).mode & 0o777).toBe(0o600);
    }
    expect((await stat(directory(name))).mode & 0o777).toBe(0o700);
    expect(await seen()).toBe('k3y\n');
  });

  test('passes scripts on unchanged', async () => {
    const { driver, signal, newName, job, sightUntil } = scene();
    const name = newName();
    const lines = ["cat > log <<'EOF'", nasty, 'EOF'];
    await driver.submit(job(name, lines), signal);
    const { logTail } = await sightUntil(
      name,
      ({ clusterJob }) => clusterJob?.state === 'completed',
    );
    expect(logTail?.trim()).toBe(nasty);
  });

  test('takes a script of a megabyte', async () => {
    const { driver, signal, newName, job, file } = scene();
    const name = newName();
    const ballast = Array.from(
      { length: 16_000 },
      (_, index) => `# ballast ${index} ${'x'.repeat(50)}`,
    );
    await driver.submit(job(name, [...ballast, 'echo reached > end']), signal);
    expect(
      await until('the end of the script', async () => (await file(name, 'end')) || null),
    ).toBe('reached\n');
  });

  test('gives a job nothing of our environment', async () => {
    const { driver, signal, newName, job, file } = scene();
    const name = newName();
    await driver.submit(
      job(name, ['env > environment.new', 'mv environment.new environment']),
      signal,
    );
    const environment = await until(
      'the job to run',
      async () => (await file(name, 'environment')) || null,
    );
    const names = environment.split('\n').map((line) => line.split('=')[0] ?? '');
    expect(names).not.toContain('WAKEFIELD_CONFORMANCE_SECRET');
    expect(
      names.filter((variable) => /^(DATABASE_URL|REDIS_URL|NODE_|JEST_|npm_)/.test(variable)),
    ).toEqual([]);
    expect(names).toEqual(expect.arrayContaining(['PATH', 'HOME']));
  });

  test('refuses in the words of the cluster', async () => {
    const { driver, given, signal, newName, job, sight } = scene();
    const name = newName();
    const submission = job(name, ['true'], given.refusal.change);
    for (const _ of [1, 2]) {
      await expect(driver.submit(submission, signal)).rejects.toMatchObject({
        name: 'ClusterError',
        kind: 'refused',
        message: expect.stringMatching(given.refusal.words),
      });
    }
    // A refused submission is no job, whatever the cluster remembers of it.
    expect((await sight(name)).clusterJob).toBeNull();
    expect(await driver.find(name, signal)).toBeNull();
  });

  test('says whether a project would be accepted', async () => {
    const { driver, given, signal } = scene();
    await expect(driver.accepts(given.project, signal)).resolves.toBeUndefined();
  });

  test('forecasts the start of a job without taking it', async () => {
    const { driver, given, signal, newName, job } = scene();
    const listed = async () => [...(await driver.observe([], signal)).sightings.keys()];
    const before = await listed();
    const { project, walltimeSeconds, gpuCount, nodes, cpus, memory } = job(newName(), []);
    const request = { project, walltimeSeconds, gpuCount, nodes, cpus, memory };
    const startsAt = await driver.forecast(request, signal);
    // Whole seconds of the cluster's clock; a zone would show as hours.
    if (given.forecasts === false) expect(startsAt).toBeNull();
    else expect(Math.abs((startsAt ?? 0) - Date.now())).toBeLessThan(90_000);
    expect(await listed()).toEqual(before);
    expect(driver.queueOf(project)).toEqual(expect.any(String));
  });

  test.each(['', '../x', 'a b', 'a/b', '-rf', 'A', 'x'.repeat(51), 'a\nb', 'a$(id)'])(
    'refuses the name %j',
    async (name) => {
      const { driver, signal, job } = scene();
      await expect(driver.submit({ ...job('x', []), name }, signal)).rejects.toMatchObject({
        kind: 'refused',
      });
    },
  );
}
