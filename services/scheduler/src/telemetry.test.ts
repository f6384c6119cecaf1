import { describe, expect, test } from '@jest/globals';
import type { Telemetry } from '@wakefield/control';
import type { Job } from '@wakefield/domain';
import { createMetrics, type Metrics } from '@wakefield/runtime';
import { sampleJob } from '@wakefield/testkit';
import { createTelemetry, type TelemetryStores } from './telemetry.ts';

const intended = sampleJob({ id: 'j1', modelId: 'm1', project: 'p', cluster: 'karolina' });
const t0 = intended.intendedAt;

/** A registry, and the telemetry that fills it. */
function scene(
  countLive: TelemetryStores['jobs']['countLive'] = async () => [],
  list: TelemetryStores['clusters']['list'] = async () => new Map(),
) {
  let now = t0;
  const metrics = createMetrics({ service: 'test' });
  const telemetry = createTelemetry(
    metrics,
    { jobs: { countLive }, clusters: { list } },
    ['karolina', 'never'],
    () => now,
  );
  return {
    telemetry,
    metrics,
    pass: (ms: number) => {
      now += ms;
    },
    /** The wake's steps as [count, seconds]. */
    steps: async () => {
      const read = async (what: 'count' | 'sum', step: string) =>
        await sample(metrics, `wakefield_wake_duration_seconds_${what}`, step);
      const steps: Record<string, readonly (number | null)[]> = {};
      for (const step of ['submit', 'queue', 'load', 'total'])
        steps[step] = [await read('count', step), await read('sum', step)];
      return steps;
    },
  };
}

/** The value of the first line of a metric that has this text among its labels. */
async function sample(metrics: Metrics, name: string, label: string): Promise<number | null> {
  const { body } = await metrics.expose();
  const line = body
    .split('\n')
    .find((text) => text.startsWith(`${name}{`) && text.includes(`"${label}"`));
  return line === undefined ? null : Number(line.split(' ').at(-1));
}

/** A life in steps; each is told as the scheduler tells it. */
function live(telemetry: Telemetry, ...patches: readonly Partial<Job>[]): Job {
  let job = intended;
  telemetry.jobAdvanced(null, job);
  for (const patch of patches) {
    const after = { ...job, ...patch };
    telemetry.jobAdvanced(job, after);
    job = after;
  }
  return job;
}

const queued: Partial<Job> = { phase: 'queued', submittedAt: t0 + 2_000 };
const starting: Partial<Job> = { phase: 'starting', startedAt: t0 + 12_000 };
const ready: Partial<Job> = { phase: 'ready', readyAt: t0 + 42_000 };
const allSteps = { submit: [1, 2], queue: [1, 10], load: [1, 30], total: [1, 42] };

describe('the steps of a wake', () => {
  test('are each observed once', async () => {
    const { telemetry, steps } = scene();
    live(telemetry, queued, starting, { node: 'cn01' }, ready, { phase: 'draining' });
    expect(await steps()).toEqual(allSteps);
  });

  test('are complete when the observer found the job running before its id was recorded', async () => {
    const { telemetry, steps } = scene();
    live(telemetry, { ...queued, ...starting }, ready);
    expect(await steps()).toEqual(allSteps);
  });

  test('are not observed again when a suspended job is resumed', async () => {
    const { telemetry, steps } = scene();
    const again = { phase: 'ready', readyAt: t0 + 9_999_000 } as const;
    live(telemetry, queued, starting, ready, { phase: 'starting' }, again);
    expect((await steps()).load).toEqual([1, 30]);
  });

  test('are left out where clocks disagree', async () => {
    const { telemetry, steps } = scene();
    live(telemetry, queued, { phase: 'starting', startedAt: t0 - 5_000 });
    expect((await steps()).queue).toEqual([null, null]);
  });

  test('of a job that never came up end where it did', async () => {
    const { telemetry, steps, metrics } = scene();
    live(telemetry, queued, starting, { phase: 'ended', outcome: 'failed', endedAt: t0 + 20_000 });
    expect(await steps()).toMatchObject({
      queue: [1, 10],
      load: [null, null],
      total: [null, null],
    });
    expect(await sample(metrics, 'wakefield_jobs_ended_total', 'failed')).toBe(1);
  });
});

describe('an estimate of a start', () => {
  const told = (source: 'cluster' | 'history') => ({ from: t0 + 10_000, to: t0 + 20_000, source });
  const score = async (startedAt: number | null) => {
    const { telemetry, metrics } = scene();
    const told1 = { expectedStart: told('history'), firstExpected: told('history') };
    const told2 = { expectedStart: told('cluster') };
    live(telemetry, queued, told1, told2, { phase: 'starting', startedAt }, ready);
    const read = (what: string) =>
      sample(metrics, `wakefield_start_estimate_error_seconds_${what}`, 'history');
    return [await read('count'), await read('sum')];
  };

  test.each([
    ['before it', t0 + 4_000, [1, -6]],
    ['within it', t0 + 10_000, [1, 0]],
    ['after it', t0 + 25_000, [1, 5]],
    ['never', null, [null, null]],
  ])('is scored by what was told first: a start %s', async (_name, startedAt, scored) => {
    expect(await score(startedAt)).toEqual(scored);
  });
});

test('jobs are counted when they are intended and when they end', async () => {
  const { telemetry, metrics } = scene();
  live(telemetry, queued, { phase: 'ended', outcome: 'as_asked', endedAt: t0 + 3_000 });
  live(telemetry, { phase: 'ended', outcome: null, endedAt: t0 });
  expect(await sample(metrics, 'wakefield_jobs_intended_total', 'karolina')).toBe(2);
  expect(await sample(metrics, 'wakefield_jobs_ended_total', 'as_asked')).toBe(1);
  expect(await sample(metrics, 'wakefield_jobs_ended_total', 'lost')).toBe(1);
});

test('live jobs are those of now; a store that is away leaves the last figures', async () => {
  let answer: 'away' | readonly { cluster: string; phase: Job['phase']; count: number }[] = [
    { cluster: 'karolina', phase: 'ready', count: 3 },
  ];
  const { metrics } = scene(async () => {
    if (answer === 'away') throw new Error('away');
    return answer;
  });
  expect(await sample(metrics, 'wakefield_jobs', 'ready')).toBe(3);
  answer = 'away';
  expect(await sample(metrics, 'wakefield_jobs', 'ready')).toBe(3);
  answer = [{ cluster: 'karolina', phase: 'draining', count: 1 }];
  expect(await sample(metrics, 'wakefield_jobs', 'ready')).toBeNull();
  expect(await sample(metrics, 'wakefield_jobs', 'draining')).toBe(1);
});

test('the age of a cluster is that of the last answer that any scheduler had, and never silent', async () => {
  const status = {
    reachable: true,
    observedAt: t0 - 1_000,
    error: null,
    silence: null,
    nextLookAt: null,
    bounds: null,
  };
  let away = false;
  const { metrics, pass } = scene(undefined, async () => {
    if (away) throw new Error('away');
    return new Map([
      ['karolina', status],
      ['removed', status],
    ]);
  });
  const age = (cluster: string) =>
    sample(metrics, 'wakefield_cluster_observation_age_seconds', cluster);
  pass(3_000);
  expect(await age('karolina')).toBe(4);
  expect(await age('never')).toBe(3);
  expect(await age('removed')).toBeNull();
  away = true;
  pass(2_000);
  expect(await age('karolina')).toBe(6);
});

test('observations and runs of the loop are timed', async () => {
  const { telemetry, metrics } = scene();
  telemetry.observed('karolina', 250, 'ok');
  telemetry.observed('karolina', 9_000, 'failed');
  telemetry.reconciled(40, true);
  expect(await sample(metrics, 'wakefield_cluster_observations_total', 'failed')).toBe(1);
  expect(
    await sample(metrics, 'wakefield_cluster_observation_duration_seconds_sum', 'karolina'),
  ).toBe(9.25);
  expect(await sample(metrics, 'wakefield_reconcile_duration_seconds_sum', 'true')).toBe(0.04);
});

test('jobs that the load added and took away are counted, from zero on', async () => {
  const { telemetry, metrics } = scene();
  const changes = (direction: string) =>
    sample(metrics, 'wakefield_scale_changes_total', direction);
  expect([await changes('up'), await changes('down')]).toEqual([0, 0]);
  telemetry.scaled(1, 4);
  telemetry.scaled(4, 3);
  expect([await changes('up'), await changes('down')]).toEqual([3, 1]);
});
