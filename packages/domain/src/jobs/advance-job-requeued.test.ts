import { describe, expect, test } from '@jest/globals';
import { exit, job, minute, second, sighting, t0 } from '../../test/builders.ts';
import { advanceJob, type Job, type JobPatch, type JobSighting } from '../index.ts';

const now = t0 + 10 * minute;
const takenAt = now - second;
const see = (from: Job, what: JobSighting): JobPatch | null => advanceJob(from, what, takenAt, now);

describe('a job that was requeued', () => {
  const back = {
    phase: 'queued',
    node: null,
    address: null,
    startedAt: null,
    endsAt: null,
    readyAt: null,
  };

  test('ready and pending again: back to the queue', () => {
    expect(see(job('ready'), sighting({ state: 'pending', reason: 'BeginTime' }))).toEqual({
      ...back,
      reason: 'Waiting in the queue: the cluster starts it later (BeginTime).',
      submittedAt: takenAt,
    });
  });

  test('its wait begins anew, by the cluster where it says when; what was told of its first start is over', () => {
    const told = { from: t0, to: t0 + minute, source: 'history' } as const;
    const first = job('ready', { expectedStart: told, firstExpected: told });
    const requeued = sighting({ state: 'pending', submittedAt: t0 + 2 * minute });
    const patch = see(first, requeued);
    expect(patch).toMatchObject({ submittedAt: t0 + 2 * minute, expectedStart: null });
    const waiting = { ...first, ...patch };
    expect(waiting.firstExpected).toBeNull();
    expect(see(waiting, requeued)).toBeNull();
    // Running again before anybody saw it wait.
    const times = { submittedAt: t0 + 2 * minute, startedAt: t0 + 3 * minute };
    expect(see(first, sighting(times))).toMatchObject(times);
  });

  test('ready at another address: starts again, to be probed again', () => {
    const address = { host: 'cn01', port: 20_999 };
    expect(see(job('ready'), sighting({}, { address }))).toEqual({
      phase: 'starting',
      address,
      readyAt: null,
    });
  });

  test('ready on another node or with a later start: its old address is not believed', () => {
    const elsewhere = see(job('ready'), sighting({ node: 'cn02' }));
    expect(elsewhere).toEqual({ phase: 'starting', node: 'cn02', address: null, readyAt: null });
    const later = see(job('ready'), sighting({ startedAt: t0 + minute }));
    expect(later).toMatchObject({ phase: 'starting', startedAt: t0 + minute, address: null });
  });

  test('draining: stays on its way out', () => {
    const patch = see(job('draining'), sighting({ state: 'pending' }));
    expect(patch).toEqual({
      node: null,
      address: null,
      startedAt: null,
      endsAt: null,
      readyAt: null,
    });
  });

  test('an exit record of the run before does not end the new one', () => {
    const stale = exit({ at: t0 - minute, cause: 'terminated' });
    expect(see(job('ready'), sighting({}, { exit: stale }))).toBeNull();
  });
});
