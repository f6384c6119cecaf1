import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { controllerQuestions, squeue } from './cluster-jobs.ts';
import { metric } from './metric.ts';
import { askedBetween, beyondLooks, forecasts, forJobs } from './questions.ts';
import { eventually, pause, startWakefield, type Wakefield } from './wakefield.ts';

const models = Array.from({ length: 20 }, (_, index) => `looks/m${index}`);
/** Of the private SLURM's entry in clusters.yaml, while something waits or starts. */
const busyMs = 500;

/** Of all models and both schedulers, as long as it is less than ten minutes. */
const FORECASTS = 2;

/** What the controller counts of us itself, with `sdiag`. */
describe('two schedulers and twenty models on one SLURM', () => {
  let wakefield: Wakefield;

  beforeAll(async () => {
    wakefield = await startWakefield({ args: ['--slurm', '--scheduler', '2'] });
  }, 200_000);

  afterAll(async () => {
    await wakefield?.stop();
  }, 30_000);

  test('ask its controller once in a cycle', async () => {
    for (const name of models) await wake(name);
    // Most of them wait for nodes: the cluster is looked at as often as it ever is.
    await eventually(
      'a job for each',
      async () => (await squeue(wakefield)).split('\n').length > models.length,
      120_000,
    );
    await eventually('no submission to be under way', quiet, 60_000);
    const before = await figures();
    await pause(10_000);
    const after = await figures();
    const looks = after.looks.map((count, index) => count - (before.looks[index] ?? 0));
    const all = looks.reduce((sum, count) => sum + count, 0);
    const asked = askedBetween(before.questions, after.questions);
    console.log(`${looks.join(' + ')} looks in 10 s; ${JSON.stringify([...asked])}`);
    expect(all).toBeGreaterThan(5);
    // Both look in turn, and together no more often than one would.
    expect(all).toBeLessThanOrEqual((after.at - before.at) / busyMs + 2);
    // The two ends of the window are not read at one moment.
    expect(Math.abs(forJobs(asked) - all)).toBeLessThanOrEqual(2);
    expect(beyondLooks(asked, all)).toEqual([]);
    // Since it began: once for the shape that all of them have, and once whether it takes jobs of the project.
    expect(forecasts(after.questions)).toBeLessThanOrEqual(FORECASTS);
  }, 300_000);

  async function wake(name: string): Promise<void> {
    const registered = await wakefield.call('PUT', '/p/demo/models', {
      hf_model_id: name,
      cluster: 'slurm-dev',
      gpu_count: 4,
      engine: 'simulator',
      idle_timeout: 900,
    });
    // 202 where it takes longer than the api waits for.
    expect([201, 202]).toContain(registered.status);
    await eventually(`${name} to be woken`, async () => {
      const woken = await wakefield.call('POST', '/p/demo/models', { hf_model_id: name });
      return woken.status < 300;
    });
  }

  /** A submission asks for the jobs of its name, too. */
  async function quiet(): Promise<boolean> {
    const submitted = async () =>
      (await controllerQuestions(wakefield)).get('REQUEST_SUBMIT_BATCH_JOB') ?? 0;
    const then = await submitted();
    await pause(3000);
    return (await submitted()) === then;
  }

  async function figures() {
    const { services } = await wakefield.runFile();
    const looks = await Promise.all(
      services.scheduler.map((one) =>
        metric(one, 'wakefield_cluster_observations_total', 'cluster="slurm-dev"'),
      ),
    );
    const questions = await controllerQuestions(wakefield);
    return { at: performance.now(), looks, questions };
  }
});
