import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { slurmJobs } from '../cluster-jobs.ts';
import { closedLoop } from '../requests/loops.ts';
import { type Answer, eventually, startWakefield, type Wakefield } from '../wakefield.ts';

/** SLURM counts whole minutes. */
const WALLTIME_MIN = 1;

let wakefield: Wakefield;

beforeAll(async () => {
  wakefield = await startWakefield({ args: ['--slurm'] });
}, 150_000);

afterAll(async () => {
  await wakefield.stop();
}, 30_000);

const look = async (id: string): Promise<Answer['body']> =>
  (await wakefield.call('GET', `/api/v1/services/${id}`)).body;

/** How a chat by the service's own URL went: `200 whole`, or what was wrong with it. */
async function chat(endpoint: string, stream: boolean): Promise<string> {
  try {
    const answer = await fetch(`${endpoint}/v1/chat/completions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${wakefield.key}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({
        model: 'wakefield/simulated',
        messages: [{ role: 'user', content: 'Good morning!' }],
        ...{ max_tokens: 20, ignore_eos: true, stream },
      }),
    });
    const text = await answer.text();
    const isWhole = stream
      ? /"finish_reason":"length".*data: \[DONE\]\n\n$/s.test(text)
      : JSON.parse(text).usage?.completion_tokens === 20;
    return isWhole ? `${answer.status} whole` : `${answer.status} ${text}`;
  } catch (error) {
    return String(error);
  }
}

test('a service that is kept has another job before its walltime is over, and nobody notices', async () => {
  const started = await wakefield.call('POST', '/api/v1/services', {
    recipe_name: 'simulator',
    config: {
      // Half a second for an answer.
      environment: { SIMULATOR_LOAD_SECONDS: 0.5, SIMULATOR_TOKENS_PER_SECOND: 40 },
      resources: { time_limit: WALLTIME_MIN },
    },
    keep: true,
  });
  expect([started.status, started.body.error]).toEqual([201, undefined]);
  const { id, uuid, endpoint } = started.body;
  const isRunning = async () => (await look(id)).status === 'running';
  await eventually('it runs', isRunning, 60_000);
  const before = await look(id);
  expect(before.jobs).toHaveLength(1);
  const limit = Date.parse(before.ends_at) - Date.parse(before.started_at);
  expect(limit).toBe(WALLTIME_MIN * 60_000);

  const results: string[] = [];
  const statuses = new Set<string>();
  const caller = (stream: boolean) => async () => {
    results.push(await chat(endpoint, stream));
  };
  const watcher = async () => {
    const { status, uuid: one, endpoint: url } = await look(id);
    statuses.add(`${status} ${one} ${url}`);
  };
  const loop = closedLoop([caller(false), caller(true), watcher], 200);
  const jobOf = (service: Answer['body'], clusterJobId: string) =>
    service.jobs.find((job: Answer['body']) => job.cluster_job_id === clusterJobId);
  const after = await eventually(
    'the first job to be over, and another one to answer',
    async () => {
      const service = await look(id);
      return jobOf(service, id)?.state === 'ended' && service.status === 'running' && service;
    },
    120_000,
  );
  const answered = results.length;
  await eventually('it goes on', async () => results.length > answered + 20, 60_000);
  await loop.stop();

  expect(results.filter((result) => result !== '200 whole')).toEqual([]);
  expect([...statuses]).toEqual([`running ${uuid} ${endpoint}`]);
  expect(after).toMatchObject({ id, uuid, endpoint, keep: true });
  const [first, next] = [
    before.jobs[0].id,
    after.jobs.find((job: Answer['body']) => job.id !== before.jobs[0].id),
  ];
  const over = after.jobs.find((job: Answer['body']) => job.id === first);
  expect(Date.parse(next.submitted_at)).toBeLessThan(Date.parse(before.ends_at));
  expect(Date.parse(over.ended_at)).toBeLessThanOrEqual(Date.parse(before.ends_at));
  expect(Date.parse(after.ends_at)).toBeGreaterThan(Date.parse(before.ends_at));
  // By its first id, as clients have it, although another job answers; nobody but these two was submitted.
  const jobs = (await slurmJobs(wakefield)).map((job) => job.id);
  expect(jobs.sort()).toEqual([id, next.cluster_job_id].sort());
}, 300_000);
