import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sendSignal } from '@wakefield/local-stack';
import { clusterJobs } from './cluster-jobs.ts';
import { enginesOf } from './engines.ts';
import { type ChatResult, chat } from './requests/ask.ts';
import { everywhere, type Victim } from './victims.ts';
import { eventually, pause, startWakefield, type Wakefield } from './wakefield.ts';

/** The whole matrix is `npm run test:faults`, a part of it faults.e2e.ts; here is what it has no eyes for. */
const victims = everywhere.filter(({ name }) => name !== 'api');

/** A bound for what may fail, with room for a machine that does much else. */
const soonEnoughMs = 60_000;

/** `kill -9` of each in turn, and again and again; one Wakefield on the local cluster lives through all of it. */
describe('what dies on the local cluster', () => {
  let wakefield: Wakefield;

  beforeAll(async () => {
    wakefield = await startWakefield();
  }, 150_000);

  afterAll(async () => {
    await wakefield.stop();
  }, 30_000);

  const modelOf = ({ name }: Victim) => `kill/${name.toLowerCase()}`;
  const register = (name: string, fields: object = {}) =>
    wakefield.call('PUT', '/p/demo/models', {
      hf_model_id: name,
      gpu_count: 1,
      engine: 'simulator',
      idle_timeout: 900,
      engine_args: { load_seconds: 1, tokens_per_second: 40 },
      ...fields,
    });
  const look = async (name: string) => (await wakefield.call('GET', `/p/demo/models/${name}`)).body;

  test.each(victims)(
    '$name, while requests wait for a wake',
    async (victim) => {
      const name = modelOf(victim);
      expect((await register(name)).status).toBe(201);
      const said = wakefield.output().length;
      const held = Promise.withResolvers<void>();
      const onLine = (line: string) => {
        if (line.startsWith(': wakefield state=')) held.resolve();
      };
      const waiting = [
        chat(wakefield, name, { tokens: 3, stream: true, onLine }),
        ...[1, 2, 3].map(() => chat(wakefield, name, { tokens: 3 })),
      ];
      await held.promise;
      await kill(wakefield, victim);
      // What lived in a killed proxy is lost; everybody else waits on and is answered.
      const answers = await Promise.all(
        waiting.map((one) => (victim.carriesStreams ? persist(one, name) : one)),
      );
      for (const answer of answers)
        expect(answer).toEqual({ status: 200, tokens: 3, whole: true, error: null });
      await recovered(victim, said);
      // One wake, one engine, one job: the first of this model, under the name that was known before.
      const job = await eventually(
        'one engine and one job',
        async () => {
          const { jobs, state } = await look(name);
          const onCluster = await jobsOnCluster(jobs[0]?.cluster_job_id);
          const all = [jobs, onCluster, enginesOf(wakefield.directory, name)];
          return state === 'ready' && all.every(({ length }) => length === 1) && onCluster[0];
        },
        soonEnoughMs,
      );
      expect(job).toMatchObject({
        name: expect.stringMatching(/-1$/),
        over: false,
      });
    },
    120_000,
  );

  test.each(victims)(
    '$name, again and again, during a stream',
    async (victim) => {
      const name = modelOf(victim);
      const said = wakefield.output().length;
      const before = await look(name);
      const streaming = Promise.withResolvers<void>();
      const stream = chat(wakefield, name, {
        tokens: 120,
        stream: true,
        onLine: (line) => line.startsWith('data: ') && streaming.resolve(),
      });
      await streaming.promise;
      const asking = new AbortController();
      const asked = keepAsking(name, asking.signal);
      try {
        await keepDown(victim);
        await recovered(victim, said);
      } finally {
        asking.abort();
        await asked;
      }
      if (victim.carriesStreams) {
        // It was cut, and nobody told the client that it was whole.
        expect(await stream).toMatchObject({ whole: false, error: expect.any(String) });
        await eventually(
          'the engine to stop',
          async () => (await look(name)).jobs[0]?.metrics.running_requests === 0,
          soonEnoughMs,
        );
      } else {
        expect(await stream).toEqual({ status: 200, tokens: 120, whole: true, error: null });
        for (const answer of await asked)
          expect(answer).toEqual({ status: 200, tokens: 1, whole: true, error: null });
      }
      expect(await chat(wakefield, name, { tokens: 1 })).toMatchObject({
        status: 200,
        whole: true,
      });
      const after = await settledModel(name);
      expect(after.jobs.map(jobId)).toEqual(before.jobs.map(jobId));
    },
    150_000,
  );

  test('idle sleep works as before, and nothing was doubled', async () => {
    for (const victim of victims) await register(modelOf(victim), { idle_timeout: 1 });
    for (const victim of victims)
      await eventually(
        `${modelOf(victim)} to sleep`,
        async () => {
          const { state, jobs } = await look(modelOf(victim));
          return state === 'not_loaded' && jobs.length === 0;
        },
        soonEnoughMs,
      );
    const jobs = await eventually(
      'no job to run',
      async () => {
        const now = await clusterJobs(wakefield, 'local');
        return now.every(({ over }) => over) && now;
      },
      soonEnoughMs,
    );
    expect(jobs.length).toBeLessThanOrEqual(victims.length);
    expect(new Set(jobs.map(({ name }) => name)).size).toBe(jobs.length);
  }, 150_000);

  /** Whose connection was cut asks again, as the official clients do. */
  async function persist(first: Promise<ChatResult>, name: string): Promise<ChatResult> {
    const answer = await first;
    if (answer.whole) return answer;
    return eventually(
      'an answer to somebody who asks again',
      async () => {
        const again = await chat(wakefield, name, { tokens: 3 });
        return again.whole && again;
      },
      soonEnoughMs,
    );
  }

  async function keepAsking(name: string, signal: AbortSignal): Promise<readonly ChatResult[]> {
    const answers: ChatResult[] = [];
    while (!signal.aborted) {
      answers.push(await chat(wakefield, name, { tokens: 1 }));
      await pause(20);
    }
    return answers;
  }

  /** Kills it whenever it is there, three times and until the others have said that they miss it. */
  async function keepDown(victim: Victim): Promise<void> {
    let kills = 0;
    await eventually(
      `${victim.name} to be missed`,
      async () => {
        if (await killIfUp(wakefield, victim)) kills += 1;
        return kills >= 3 && (await isMissed(victim));
      },
      soonEnoughMs,
    );
  }

  async function isMissed({ missedBy, check }: Victim): Promise<boolean> {
    const seen = await Promise.all(
      Object.entries(missedBy).map(async ([service, status]) => {
        const report = await readiness(service);
        return report?.status === status && report.checks[check ?? '']?.status === 'failed';
      }),
    );
    return seen.every(Boolean);
  }

  /** It was started again, with back-off and a word about it, and all are ready. */
  async function recovered(victim: Victim, since: number): Promise<void> {
    await eventually(
      `all to be ready after ${victim.name} died`,
      async () => {
        const reports = await Promise.all(['proxy', 'api', 'scheduler'].map(readiness));
        const isUp = (await victim.pids(wakefield)).length > 0;
        return isUp && reports.every((report) => report?.status === 200 && report.isWhole);
      },
      soonEnoughMs,
    );
    const said = () => wakefield.output().slice(since);
    expect(said()).toMatch(
      new RegExp(`^${victim.name} ended \\(SIGKILL\\); starting it again in [\\d.]+ s$`, 'm'),
    );
    await eventually('a word about it', async () =>
      new RegExp(`^${victim.name} is (up|ready) again`, 'm').test(said()),
    );
  }

  /** null while it does not answer. */
  async function readiness(service: string) {
    const { services } = await wakefield.runFile();
    const url = services[service as keyof typeof services][0]?.opsUrl;
    const response = await fetch(`${url}/readyz`).catch(() => null);
    if (response === null) return null;
    const { checks } = (await response.json()) as { checks: Record<string, { status: string }> };
    const isWhole = Object.values(checks).every(({ status }) => status === 'ok');
    return { status: response.status, checks, isWhole };
  }

  async function settledModel(name: string) {
    return eventually(
      `${name} ready with one job`,
      async () => {
        const now = await look(name);
        return now.state === 'ready' && now.jobs.length === 1 && now;
      },
      soonEnoughMs,
    );
  }

  /** Those of the same model. */
  async function jobsOnCluster(id: string) {
    const all = await clusterJobs(wakefield, 'local');
    // An id can be given out again after the controller forgot it.
    const job = all.find((one) => one.id === id && !one.over);
    const stem = job?.name.replace(/\d+$/, '') ?? 'none';
    return all.filter(({ name }) => name.startsWith(stem));
  }
});

const jobId = ({ id }: { readonly id: string }) => id;

async function kill(wakefield: Wakefield, victim: Victim): Promise<void> {
  await eventually(`${victim.name} to be there`, () => killIfUp(wakefield, victim));
}

/** @returns whether there was somebody to kill */
async function killIfUp(wakefield: Wakefield, victim: Victim): Promise<boolean> {
  const pids = await victim.pids(wakefield);
  for (const pid of pids) sendSignal(pid, 'SIGKILL');
  return pids.length > 0;
}
