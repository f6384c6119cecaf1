import { describe, expect, it } from '@jest/globals';
import { modelSchema } from '@wakefield/contracts';
import type { ModelWithStatus } from '@wakefield/control';
import type { EngineMetrics, Job } from '@wakefield/domain';
import { SAMPLE_NOW, sampleJob, sampleModel } from '@wakefield/testkit';
import { iso } from '../../http/iso.ts';
import { presentModel } from './presenter.ts';

const model: ModelWithStatus = {
  ...sampleModel({ id: '0199f7c4-6a53-7c1e-9c55-0d6f1f6f2b10', project: 'demo' }),
  state: 'failed',
  reason: 'CUDA out of memory',
  because: [],
  expectedReady: null,
};

function job(seq: number, over: Partial<Job>): Job {
  return sampleJob({
    id: `0199f7c4-6a53-7c1e-9c55-0d6f1f6f2b2${seq}`,
    modelId: model.id,
    project: model.project,
    seq,
    phase: 'ready',
    address: { host: '127.0.0.1', port: 1 },
    ...over,
  });
}

const present = (jobs: readonly Job[], metrics = new Map<string, EngineMetrics>()) =>
  presentModel(model, jobs, metrics);
const figures = (waiting: number | null, running: number | null): EngineMetrics => ({
  gpuUtilization: null,
  waitingRequests: waiting,
  runningRequests: running,
});

describe('a model on the wire', () => {
  it('is as the contract says, with the reason of its failure', () => {
    const body = present([]);
    expect(modelSchema.parse(body)).toEqual(body);
    expect(body).toMatchObject({ state: 'failed', reason: 'CUDA out of memory' });
  });

  it.each<[Partial<Job>, EngineMetrics | null, string]>([
    [{ phase: 'intended' }, null, 'queued'],
    [{ phase: 'queued' }, null, 'queued'],
    [{ phase: 'starting' }, null, 'loading'],
    [{ phase: 'ready' }, null, 'ready'],
    [{ phase: 'ready' }, figures(null, null), 'ready'],
    [{ phase: 'ready' }, figures(0, 0), 'ready'],
    [{ phase: 'ready' }, figures(0, 1), 'busy'],
    [{ phase: 'ready' }, figures(2, null), 'busy'],
    [{ phase: 'draining' }, figures(0, 3), 'draining'],
    [{ phase: 'ready', endAskedAt: SAMPLE_NOW }, null, 'draining'],
    [{ phase: 'queued', cancelledAt: SAMPLE_NOW }, null, 'draining'],
  ])('shows a job %j with %j as %s', (over, metrics, state) => {
    const one = job(1, over);
    const board = new Map(metrics === null ? [] : [[one.id, metrics]]);
    const body = present([one], board);
    expect(modelSchema.parse(body).jobs[0]?.state).toBe(state);
  });

  it.each([
    ['ready', 1, 0, 'busy'],
    ['ready', 0, 1, 'busy'],
    ['busy', 0, 0, 'ready'],
    ['loading', 0, 5, 'loading'],
    ['failed', 0, 5, 'failed'],
  ] as const)(
    'planned %s, with %i running and %i held now, is %s',
    (state, running, held, shown) => {
      const average = running + held;
      const demand = {
        isWhole: true,
        running,
        held,
        average,
        peak: average,
        lastRequestAt: null,
        runningByJob: {},
      };
      expect(presentModel({ ...model, state }, [], new Map(), demand).state).toBe(shown);
      expect(presentModel({ ...model, state }, [], new Map(), null).state).toBe(state);
      // Of a part, what is told counts; that nothing is told does not.
      const part = presentModel({ ...model, state }, [], new Map(), { ...demand, isWhole: false });
      expect(part.state).toBe(average > 0 ? shown : state);
    },
  );

  describe('what is expected', () => {
    const start = { from: SAMPLE_NOW, to: SAMPLE_NOW + 60_000, source: 'history' } as const;
    const span = { from: iso(start.from), to: iso(start.to) };
    const waiting = job(1, { phase: 'queued', address: null, expectedStart: start });

    it('is told of a job that waits, and of the model', () => {
      const expectedReady = { from: start.from, to: start.to };
      const body = presentModel({ ...model, expectedReady }, [waiting], new Map());
      expect(body.jobs[0]?.expected_start).toEqual({ ...span, source: 'history' });
      expect(body).toMatchObject({
        expected_start: { ...span, source: 'history' },
        expected_ready: span,
      });
      expect(modelSchema.parse(body)).toEqual(body);
    });

    it('is the first start of several', () => {
      const sooner = { ...start, from: start.from - 1_000, source: 'cluster' } as const;
      const body = present([waiting, job(2, { ...waiting, seq: 2, expectedStart: sooner })]);
      expect(body.expected_start?.source).toBe('cluster');
    });

    it.each(['starting', 'ready'] as const)('is no start of the model once one is %s', (phase) => {
      const body = present([waiting, job(2, { phase, expectedStart: start })]);
      expect(body.expected_start).toBeNull();
      expect(body.jobs.map(({ expected_start }) => expected_start?.source ?? null)).toEqual([
        'history',
        null,
      ]);
    });

    it('is nothing of a job that was told to go', () => {
      const body = present([{ ...waiting, cancelledAt: SAMPLE_NOW }]);
      expect(body.jobs).toMatchObject([{ draining: true, expected_start: null }]);
      expect(body.expected_start).toBeNull();
    });
  });

  it('shows live jobs alone, oldest first, and nothing that is ours', () => {
    const body = present([job(3, {}), job(1, {}), job(2, { phase: 'ended' })]);
    expect(body.jobs.map(({ id }) => id.at(-1))).toEqual(['1', '3']);
    expect(Object.keys(body.jobs[0] ?? {})).not.toContain('address');
    expect(JSON.stringify(body)).not.toContain('127.0.0.1');
  });
});
