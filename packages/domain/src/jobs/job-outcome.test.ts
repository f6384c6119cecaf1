import { describe, expect, test } from '@jest/globals';
import { exit, hour, job, minute, second, sighting, t0 } from '../../test/builders.ts';
import { advanceJob, type Job, type JobPatch, type JobSighting, withoutLog } from '../index.ts';

const now = t0 + 10 * minute;
const takenAt = now - second;
const see = (from: Job, what: JobSighting): JobPatch | null => advanceJob(from, what, takenAt, now);

describe('how a job ended', () => {
  const outcomes: [string, Job, JobSighting, string][] = [
    [
      'asked to end',
      job('draining', { endAskedAt: t0 }),
      sighting({ state: 'completed' }),
      'as_asked',
    ],
    [
      'cancelled by us',
      job('queued', { cancelledAt: t0 }),
      sighting({ state: 'cancelled' }),
      'as_asked',
    ],
    ['cancelled by us and gone', job('queued', { cancelledAt: t0 }), sighting(null), 'as_asked'],
    [
      'drained as asked',
      job('draining', { endAskedAt: t0 }),
      sighting({ state: 'failed' }, { exit: exit({ cause: 'drained', exitCode: 0 }) }),
      'as_asked',
    ],
    [
      'drained by the signal that SLURM sends before the limit',
      job('ready', { endsAt: t0 + minute + 2 * minute }),
      sighting({ state: 'completed' }, { exit: exit({ cause: 'drained' }) }),
      'timeout',
    ],
    [
      'drained so, and never seen while it ran',
      job('queued', { walltimeSeconds: 120 }),
      sighting({ state: 'completed', startedAt: t0 }, { exit: exit({ cause: 'drained' }) }),
      'timeout',
    ],
    [
      'drained by somebody, long before its limit',
      job('ready'),
      sighting({ state: 'completed' }, { exit: exit({ cause: 'drained' }) }),
      'cancelled',
    ],
    [
      'drained by somebody, and gone',
      job('ready'),
      sighting(null, { exit: exit({ cause: 'drained' }) }),
      'cancelled',
    ],
    ['cancelled by somebody', job('ready'), sighting({ state: 'cancelled' }), 'cancelled'],
    ['at its limit', job('ready'), sighting({ state: 'timeout' }), 'timeout'],
    [
      'at its limit, with a trap that shows a failure',
      job('ready', { endsAt: t0 + minute }),
      sighting({ state: 'failed' }, { exit: exit({ cause: 'terminated', at: t0 + minute }) }),
      'timeout',
    ],
    [
      'terminated before its limit',
      job('ready'),
      sighting({ state: 'failed' }, { exit: exit({ cause: 'terminated' }) }),
      'failed',
    ],
    [
      'engine failed just before its limit',
      job('ready', { endsAt: t0 + minute }),
      sighting({ state: 'failed' }, { exit: exit({ at: t0 + minute }) }),
      'failed',
    ],
    ['preempted', job('ready'), sighting({ state: 'preempted' }), 'preempted'],
    ['node gone', job('ready'), sighting({ state: 'node_failed' }), 'node_failed'],
    ['engine failed', job('starting'), sighting({ state: 'failed' }, { exit: exit() }), 'failed'],
    [
      'a set-up line failed',
      job('starting'),
      sighting({ state: 'failed' }, { exit: exit({ cause: 'setup' }) }),
      'not_set_up',
    ],
    [
      'its engine is not there',
      job('queued'),
      sighting({ state: 'failed' }, { exit: exit({ exitCode: 127, cause: 'absent' }) }),
      'not_set_up',
    ],
    [
      'cancelled while it was set up',
      job('starting'),
      sighting({ state: 'cancelled' }, { exit: exit({ cause: 'setup' }) }),
      'cancelled',
    ],
    ['engine ended by itself with 0', job('ready'), sighting({ state: 'completed' }), 'failed'],
    [
      'a refused submission leaves a record',
      job('intended'),
      sighting({ state: 'failed', reason: 'BadConstraints' }),
      'refused',
    ],
    ['gone, with a record', job('ready'), sighting(null, { exit: exit() }), 'failed'],
    ['gone without a trace', job('ready'), sighting(null), 'lost'],
    ['gone after its limit', job('ready', { endsAt: t0 + minute }), sighting(null), 'timeout'],
    ['gone before we knew its id', job('intended'), sighting(null, { exit: exit() }), 'failed'],
  ];

  test.each(outcomes)('%s', (_name, from, what, outcome) => {
    const patch = see(from, what);
    expect(patch).toMatchObject({ phase: 'ended', outcome });
    expect(patch?.reason).toMatch(/^[A-Z].+\.$/);
    expect(patch?.address ?? null).toBeNull();
  });

  test.each<[string, JobSighting, number]>([
    ['when the cluster says', sighting({ state: 'failed', endsAt: t0 + minute }), t0 + minute],
    ['when its script says', sighting(null, { exit: exit({ at: t0 + minute }) }), t0 + minute],
    ['when we learned of it', sighting(null), now],
    ['not before its submission', sighting({ state: 'failed', endsAt: t0 - hour }), t0],
    ['not in the future', sighting({ state: 'failed', endsAt: now + hour }), now],
  ])('it ended %s', (_name, what, endedAt) => {
    expect(see(job('starting'), what)).toMatchObject({ phase: 'ended', endedAt });
  });

  test('the reason has the exit code, the words of the cluster and the log', () => {
    const what = sighting(
      { state: 'failed', reason: 'NonZeroExitCode' },
      { exit: exit({ exitCode: 7 }), logTail: '\u001b[31mERROR\u001b[0m no such model\r\n\u0000' },
    );
    expect(see(job('starting'), what)?.reason).toBe(
      'The engine ended with exit code 7 (NonZeroExitCode). The end of its log:\nERROR no such model',
    );
  });

  test.each([
    ['absent', 'The engine is not installed on cluster c1. The end of its log:\nno vllm'],
    ['setup', 'The set-up of the engine failed on cluster c1. The end of its log:\nno vllm'],
  ] as const)('what is missing is said before the log: %s', (cause, reason) => {
    const what = sighting({ state: 'failed' }, { exit: exit({ cause }), logTail: 'no vllm' });
    expect(see(job('starting'), what)?.reason).toBe(reason);
  });

  test('a program that is missing is named, without a log, too', () => {
    const record = exit({ cause: 'absent', missing: 'apptainer' });
    const what = sighting({ state: 'failed' }, { exit: record, logTail: 'its words' });
    const { outcome, reason } = see(job('starting'), what) ?? {};
    expect(outcome).toBe('not_set_up');
    expect(withoutLog(reason ?? '')).toBe(
      'There is no program apptainer on cluster c1, and its recipe needs it.',
    );
  });

  test('the log can be left out of the reason', () => {
    const what = sighting({ state: 'failed' }, { exit: exit(), logTail: 'prompt: secret' });
    const reason = see(job('starting'), what)?.reason ?? '';
    expect(withoutLog(reason)).toBe('The engine ended with exit code 1.');
    expect(withoutLog(`Failed 1 of 3 times: ${reason}`)).toBe(
      'Failed 1 of 3 times: The engine ended with exit code 1.',
    );
    expect(withoutLog('Its node failed.')).toBe('Its node failed.');
  });

  test('a walltime too short for loading says so', () => {
    const what = sighting({ state: 'timeout' }, { logTail: 'Loading weights: 40 %' });
    expect(see(job('starting'), what)?.reason).toContain('it needs more walltime');
    expect(see(job('starting'), what)?.reason).toContain('Loading weights: 40 %');
    expect(see(job('ready'), what)?.reason).toBe('Its walltime was over.');
    const drained = sighting(
      { state: 'completed' },
      { exit: exit({ cause: 'drained' }), logTail: 'Loading weights: 40 %' },
    );
    const loading = job('starting', { endsAt: t0 + 2 * minute });
    expect(see(loading, drained)?.reason).toContain('it needs more walltime');
  });

  test('a progress bar is told by its last state', () => {
    const logTail = 'Loading: 10 %\rLoading: 50 %\rLoading: 90 %\r\nKilled\n';
    const what = sighting({ state: 'failed' }, { logTail });
    expect(see(job('starting'), what)?.reason).toMatch(/log:\nLoading: 90 %\nKilled$/);
  });

  test('a long line is cut between characters', () => {
    for (const pad of ['', 'x']) {
      const what = sighting({ state: 'failed' }, { logTail: `${'😀'.repeat(2_000)}${pad}` });
      expect(see(job('starting'), what)?.reason?.isWellFormed()).toBe(true);
    }
  });

  test('a long log is cut to whole lines at its end', () => {
    const log = Array.from({ length: 1_000 }, (_, index) => `line ${index}`).join('\n');
    const reason =
      see(job('starting'), sighting({ state: 'failed' }, { logTail: log }))?.reason ?? '';
    expect(reason.length).toBeLessThan(2_100);
    expect(reason.endsWith('line 999')).toBe(true);
    expect(reason).toMatch(/log:\nline \d+\n/);
  });
});
