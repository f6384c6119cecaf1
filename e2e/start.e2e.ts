import { chmod, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { freePorts, listProcessesAround, sendSignal } from '@wakefield/local-stack';
import { clusterKinds, controllerRemembers } from './cluster-jobs.ts';
import { exitOf, firstChat, ready, type Started, usePlace } from './npm-start.ts';
import { chat } from './requests/ask.ts';
import { eventually } from './wakefield.ts';

const place = usePlace();
const start = (...how: Parameters<typeof place.launch>): Promise<Started> =>
  ready(place.launch(...how));

interface Model {
  readonly state: string;
  readonly jobs: readonly {
    readonly id: string;
    readonly state: string;
    readonly cluster: string;
    readonly cluster_job_id: string | null;
  }[];
}

async function model({ url, key }: Started, name: string): Promise<Model> {
  const response = await fetch(`${url}/p/demo/models/${encodeURIComponent(name)}`, {
    headers: { authorization: `Bearer ${key}` },
  });
  return (await response.json()) as Model;
}

const jobs = async (running: Started, name = 'wakefield/simulator') =>
  (await model(running, name)).jobs;

function put({ url, key }: Started, name: string, fields: object): Promise<Response> {
  return fetch(`${url}/p/demo/models`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ hf_model_id: name, gpu_count: 1, engine: 'simulator', ...fields }),
  });
}

/** The batch script, the engine, and what watches over them, on every kind of cluster. */
function isOfJob({ command, workingDirectory }: { command: string; workingDirectory: string }) {
  const places = ['local', 'slurm/work', 'heappe/processes', 'heappe/scratch'].map((path) =>
    join(place.directory, path),
  );
  return (
    /^slurmstepd|slurm_script/.test(command) ||
    places.some((path) => `${command} ${workingDirectory}`.includes(path))
  );
}

/** As in a power cut: whoever was being started while the others died dies, too. */
const powerCut = () =>
  eventually(
    'no process is left',
    async () => {
      const running = place.processes();
      for (const { pid } of running) sendSignal(pid, 'SIGKILL');
      return running.length === 0;
    },
    15_000,
  );
/** Jobs go on: they are not ours to lose. */
const onlyJobsAreLeft = () =>
  eventually('only jobs are left', async () => place.processes().every(isOfJob), 15_000);

describe('npm start', () => {
  test('from nothing to a chat, and Ctrl-C leaves nothing', async () => {
    const first = await start();
    expect(first.url).toBe(`http://127.0.0.1:${place.port}`);
    const file = await place.runFile();
    expect(file).toMatchObject({
      url: first.url,
      services: {
        proxy: [{ pid: expect.any(Number), url: first.url, opsUrl: expect.any(String) }],
        api: [{ pid: expect.any(Number), url: expect.any(String) }],
        scheduler: [{ pid: expect.any(Number) }],
      },
      databaseUrl: expect.stringMatching(/^postgres:/),
      redisUrl: expect.stringMatching(/^redis:/),
      clusters: [{ name: 'local', kind: 'local' }],
    });
    for (const name of ['run.json', 'api-key'])
      expect((await stat(join(place.directory, name))).mode & 0o777).toBe(0o600);

    const answer = await firstChat(first);
    expect(answer).toContain('"content"');
    expect(answer.trimEnd().endsWith('data: [DONE]')).toBe(true);
    for (const path of ['/health', '/swagger/index.html'])
      expect((await fetch(`${first.url}${path}`)).status).toBe(200);
    for (const service of Object.values(file.services).flat())
      expect((await fetch(`${service.opsUrl}/readyz`)).status).toBe(200);

    const second = place.launch({ PORT: String(await freePorts(1)) });
    expect(await exitOf(second.child)).toBe(1);
    expect(second.output()).toContain(`Wakefield already runs on ${place.directory}: ${first.url}`);

    const since = performance.now();
    // A terminal signals the group, and npm passes the signal on: it arrives twice.
    first.child.kill('SIGINT');
    first.child.kill('SIGINT');
    expect(await exitOf(first.child)).toBe(0);
    expect(performance.now() - since).toBeLessThan(10_000);
    expect(place.processes()).toEqual([]);
    await expect(stat(join(place.directory, 'run.json'))).rejects.toThrow('ENOENT');

    const again = await start();
    expect(again.key).toBe(first.key);
    expect(await jobs(again)).toEqual([]);
    again.child.kill('SIGTERM');
    expect(await exitOf(again.child)).toBe(0);
    expect(place.processes()).toEqual([]);
  }, 400_000);

  test.each(clusterKinds)(
    'after kill -9 of everything, and a power cut in a wake, the next start on the $name goes on',
    async ({ args }) => {
      const first = await start({}, ...args);
      const others = { idle_timeout: 77, engine_args: { load_seconds: 2 } };
      expect((await put(first, 'acme/other', others)).status).toBe(201);
      await firstChat(first);
      const [job] = await jobs(first);
      expect(job?.state).toMatch(/^(ready|busy)$/);
      if (job?.cluster === 'slurm-dev')
        await controllerRemembers(place.directory, job.cluster_job_id ?? '');
      // All but the job: it is not ours to lose.
      for (const { pid } of place.processes().filter((one) => !isOfJob(one)))
        sendSignal(pid, 'SIGKILL');
      await exitOf(first.child);

      const second = await start({}, ...args);
      expect(second.key).toBe(first.key);
      expect(await model(second, 'acme/other')).toMatchObject({ idle_timeout: 77, idle: true });
      expect(await firstChat(second)).toContain('[DONE]');
      expect(await jobs(second)).toEqual([
        expect.objectContaining({ id: job?.id, cluster_job_id: job?.cluster_job_id }),
      ]);
      const lost = chat(second, 'acme/other', { tokens: 1 }).catch(() => ({ whole: false }));
      await eventually('a job', async () => (await jobs(second, 'acme/other')).length > 0, 60_000);
      await powerCut();
      await exitOf(second.child);
      expect(await lost).toMatchObject({ whole: false });

      const third = await start({}, ...args);
      // Nobody asks again: the wish was written down.
      await eventually(
        'the model to be ready',
        async () => (await model(third, 'acme/other')).state === 'ready',
        90_000,
      );
      expect(await jobs(third, 'acme/other')).toHaveLength(1);
      expect(await chat(third, 'acme/other', { tokens: 1 })).toMatchObject({ whole: true });
      third.child.kill('SIGINT');
      await exitOf(third.child);
      expect(place.processes()).toEqual([]);
    },
    400_000,
  );

  test('what dies is started again, and nothing outlives the supervisor or the bootstrap', async () => {
    const running = await start();
    await firstChat(running);
    const before = await place.runFile();
    const victims = Object.values(before.services).flat();
    for (const { pid } of victims) process.kill(pid, 'SIGKILL');
    const stores = place
      .processes()
      .filter(({ command }) => /\/postgres -D|redis-server/.test(command));
    expect(stores).toHaveLength(2);
    for (const { pid } of stores) process.kill(pid, 'SIGKILL');
    await eventually(
      'three new services',
      async () => {
        const now = Object.values((await place.runFile()).services).flat();
        const old = new Set(victims.map(({ pid }) => pid));
        return now.length === 3 && now.every(({ pid }) => !old.has(pid));
      },
      90_000,
    );
    const answer = await eventually(
      'an answer',
      () => firstChat(running).catch(() => null),
      60_000,
    );
    expect(answer).toContain('[DONE]');
    for (const name of ['proxy', 'api', 'scheduler', 'Postgres', 'Redis'])
      expect(running.output()).toMatch(new RegExp(`^${name} ended \\(SIGKILL\\)`, 'm'));
    process.kill((await place.runFile()).pid, 'SIGKILL');
    await exitOf(running.child);
    await onlyJobsAreLeft();
    const second = await start();
    second.child.kill('SIGKILL');
    await onlyJobsAreLeft();
    const third = await start();
    third.child.kill('SIGINT');
    expect(await exitOf(third.child)).toBe(0);
    expect(place.processes()).toEqual([]);
  }, 300_000);

  test('two run side by side', async () => {
    const other = await mkdtemp(join(tmpdir(), 'wakefield-start-'));
    await chmod(other, 0o755);
    const [a, b] = await Promise.all([
      start(),
      start({
        PORT: String(await freePorts(1)),
        WAKEFIELD_DATA: other,
        API_LOCAL_KEY: 'other-key-of-16-or-more',
      }),
    ]);
    expect(b.key).toBe('other-key-of-16-or-more');
    const answers = await Promise.all([firstChat(a), firstChat(b)]);
    for (const answer of answers) expect(answer).toContain('[DONE]');
    a.child.kill('SIGINT');
    await exitOf(a.child);
    expect(await firstChat(b)).toContain('[DONE]');
    b.child.kill('SIGINT');
    await exitOf(b.child);
    expect([...place.processes(), ...listProcessesAround(other)]).toEqual([]);
    await rm(other, { recursive: true, force: true });
  }, 300_000);

  test('what is in the way is said, with the remedy', async () => {
    const wrong = place.launch({ API_LOCAL_KEY: 'short' });
    expect(await exitOf(wrong.child)).toBe(1);
    expect(wrong.output()).toContain('API_LOCAL_KEY has to be');
    const unreachable = place.launch({ DATABASE_URL: 'postgres://u:secret@127.0.0.1:1/x' });
    expect(await exitOf(unreachable.child)).toBe(1);
    expect(unreachable.output()).toMatch(
      /PostgreSQL at postgres:\/\/u:\*\*\*@127.0.0.1:1\/x does not/,
    );
    expect(place.processes()).toEqual([]);
  }, 60_000);
});
