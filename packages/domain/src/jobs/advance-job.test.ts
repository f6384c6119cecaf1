import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { exit, hour, job, minute, second, sighting, t0 } from '../../test/builders.ts';
import { advanceJob, type Job, type JobPatch, type JobSighting } from '../index.ts';

const now = t0 + 10 * minute;
const takenAt = now - second;
const see = (from: Job, what: JobSighting): JobPatch | null => advanceJob(from, what, takenAt, now);

describe('a job that builds', () => {
  const building = sighting({}, { building: true });
  const words = expect.stringMatching(/^It makes what its recipe needs, .* its log tells/);

  test('says so until it does no more', () => {
    const patch = see(job('queued', { reason: 'Waiting in the queue.' }), building);
    expect(patch).toMatchObject({ phase: 'starting', building: true, reason: words });
    const standing = { ...job('starting'), ...patch };
    expect(see(standing, building)).toBeNull();
    expect(see(standing, sighting({}))).toMatchObject({ building: false, reason: null });
  });
});

describe('a job that the cluster suspends', () => {
  const address = { host: 'cn01', port: 20_000 };
  const suspended = sighting({ state: 'suspended' }, { address });

  test('is not routed to or knocked at until it runs again, then it is probed', () => {
    const ready = job('ready', { address, readyAt: t0 });
    const patch = see(ready, suspended);
    expect(patch).toEqual({
      phase: 'starting',
      address: null,
      reason: 'The cluster has suspended the job.',
    });
    const standing = { ...ready, ...patch };
    expect(see(standing, suspended)).toBeNull();
    expect(see(standing, sighting({}, { address }))).toEqual({ address, reason: null });
  });

  test('was not ready before, if it was started anew instead of being resumed', () => {
    const standing = { ...job('starting', { readyAt: t0 }), address: null };
    const anew = sighting({ startedAt: t0 + hour }, { address });
    expect(see(standing, anew)).toMatchObject({ address, readyAt: null, startedAt: t0 + hour });
  });

  test('goes on draining, and is not taken for gone', () => {
    expect(see(job('draining', { address }), suspended)).toBeNull();
  });

  test('gets the time back that it stood still', () => {
    const later = sighting({ state: 'suspended', endsAt: t0 + 2 * hour });
    expect(see(job('draining', { address }), later)).toEqual({ endsAt: t0 + 2 * hour });
  });
});

describe('a job on a node that is taken out of service', () => {
  test('is marked, and stays so while the cluster is not asked', () => {
    const marked = { ...job('ready'), nodeLeaving: true };
    expect(see(job('ready'), sighting({ nodeLeaving: true }))).toEqual({ nodeLeaving: true });
    expect(see(marked, sighting({ nodeLeaving: null }))).toBeNull();
    expect(see(marked, sighting({ nodeLeaving: false }))).toEqual({ nodeLeaving: false });
    expect(see(marked, sighting({ state: 'suspended', nodeLeaving: null }))).not.toHaveProperty(
      'nodeLeaving',
    );
  });

  test('has left it behind elsewhere', () => {
    const marked = { ...job('ready'), nodeLeaving: true };
    const moved = sighting({ node: 'cn02', nodeLeaving: null });
    expect(see(marked, moved)).toMatchObject({ node: 'cn02', nodeLeaving: false });
  });
});

describe('the plan of a cluster for a waiting job', () => {
  const waiting = (forecastAt: number | null) =>
    see(job('queued', { forecastAt: now + hour, reason: null }), {
      ...sighting({ state: 'pending', forecastAt }),
    });

  test('is remembered, unless it has moved by so little that nobody cares', () => {
    expect(waiting(now + 3 * hour)).toMatchObject({ forecastAt: now + 3 * hour });
    expect(waiting(null)).toMatchObject({ forecastAt: null });
    expect(waiting(now + hour + 5 * minute)).not.toHaveProperty('forecastAt');
  });
});

describe('a job on its way up', () => {
  test('intended and not listed stays intended: its submission may still be under way', () => {
    expect(see(job('intended'), sighting(null))).toBeNull();
  });

  test('intended and listed is adopted by its name', () => {
    expect(see(job('intended'), sighting({ state: 'pending', reason: 'Resources' }))).toEqual({
      phase: 'queued',
      clusterJobId: '101',
      submittedAt: t0,
      reason: 'Waiting in the queue: no free resources yet (Resources).',
    });
  });

  test('a cluster whose clock is ahead does not make the submission later than the look', () => {
    const patch = see(job('intended'), sighting({ state: 'pending', submittedAt: now + hour }));
    expect(patch?.submittedAt).toBe(takenAt);
  });

  test('intended and already running starts, with its address if it is known', () => {
    const address = { host: 'cn01', port: 20_001 };
    expect(see(job('intended'), sighting({ state: 'running' }, { address }))).toEqual({
      phase: 'starting',
      clusterJobId: '101',
      submittedAt: t0,
      startedAt: t0,
      endsAt: t0 + hour,
      node: 'cn01',
      address,
    });
  });

  test('queued: only a changed reason is written', () => {
    const queued = job('queued', { reason: 'Waiting in the queue.' });
    expect(see(queued, sighting({ state: 'pending' }))).toBeNull();
    expect(see(queued, sighting({ state: 'pending', reason: 'QOSMaxGRESPerUser' }))).toEqual({
      reason: 'Waiting in the queue: a limit of the account is reached (QOSMaxGRESPerUser).',
    });
  });

  test('queued: forecasts of start and end are not taken for the truth', () => {
    const queued = job('queued', { reason: 'Waiting in the queue.' });
    expect(see(queued, sighting({ state: 'pending', startedAt: now + hour }))).toBeNull();
  });

  test('starting: the address comes with the endpoint file', () => {
    const starting = job('starting', { address: null });
    const address = { host: 'cn01', port: 20_005 };
    expect(see(starting, sighting({}))).toBeNull();
    expect(see(starting, sighting({}, { address }))).toEqual({ address });
  });

  test('starting: what the prober wrote as reason stays', () => {
    expect(see(job('starting', { reason: 'loading weights' }), sighting({}))).toBeNull();
  });

  test('the end that the cluster names is followed', () => {
    expect(see(job('ready'), sighting({ endsAt: t0 + 2 * hour }))).toEqual({
      endsAt: t0 + 2 * hour,
    });
  });
});

describe('a job that is not sure to be over', () => {
  const ending = {
    phase: 'starting',
    address: null,
    reason: 'The job is ending on the cluster.',
  };
  const completing = sighting({ state: 'completing' });

  test('running, but its script is through: serves no more', () => {
    const through = sighting({}, { exit: exit() });
    expect(see(job('ready'), through)).toEqual(ending);
    expect(see(job('draining'), through)).toBeNull();
  });

  test.each([
    ['never served', job('starting', { readyAt: null }), 5 * second],
    ['nobody saw run', job('queued'), 5 * second],
    ['served', job('ready'), 30 * second],
  ])(
    'completing, one that %s: serves no more, and is waited for a while',
    (_name, from, within) => {
      const drainUntil = now + within;
      const standing = { ...from, ...see(from, completing) };
      expect(standing).toMatchObject({ ...ending, drainUntil });
      const before = advanceJob(standing, completing, takenAt, drainUntil - 1);
      expect(before).toBeNull();
      const after = advanceJob(standing, completing, takenAt, drainUntil);
      expect(after).toMatchObject({ phase: 'ended', outcome: 'node_failed' });
      expect(after?.reason).toMatch(/does not answer/);
    },
  );

  test('completing, and its script told how it ended: that is how', () => {
    const standing = { ...job('starting'), drainUntil: now };
    const told = sighting({ state: 'completing' }, { exit: exit() });
    expect(see(standing, told)).toMatchObject({ phase: 'ended', outcome: 'failed' });
  });

  test('completing while it drains: its deadline is its own', () => {
    expect(see(job('draining'), completing)).toBeNull();
  });

  test('completing, and then requeued: waits as any other', () => {
    const standing = { ...job('starting'), drainUntil: now };
    const waits = sighting({ state: 'pending' });
    expect(see(standing, waits)).toMatchObject({ phase: 'queued', drainUntil: null });
  });

  test('a state that nobody knows changes nothing', () => {
    for (const phase of ['intended', 'queued', 'starting', 'ready', 'draining'] as const) {
      expect(see(job(phase), sighting({ state: 'unknown', clusterJobId: '9' }))).toBeNull();
    }
  });

  test('not known to be submitted before the look: may rightly be missing', () => {
    expect(see(job('intended'), sighting(null))).toBeNull();
  });

  test('submitted before the look by a machine whose clock is ahead: is missing all the same', () => {
    const submitted = job('queued', { submittedAt: takenAt + minute });
    expect(see(submitted, sighting(null))).toMatchObject({ phase: 'ended', outcome: 'lost' });
  });

  test('a line under the same id and another name is not ours', () => {
    const reused = sighting({ name: 'somebody-else', state: 'running' });
    expect(see(job('intended'), reused)).toBeNull();
    expect(see(job('ready'), reused)).toMatchObject({ phase: 'ended', outcome: 'lost' });
  });

  test('what is over stays over', () => {
    expect(see(job('ended', { outcome: 'lost' }), sighting({ state: 'running' }))).toBeNull();
  });
});

describe('properties', () => {
  const phases = ['intended', 'queued', 'starting', 'ready', 'draining', 'ended'] as const;
  const states = [
    'pending',
    'running',
    'completing',
    'completed',
    'failed',
    'cancelled',
    'timeout',
    'preempted',
    'node_failed',
    'unknown',
  ] as const;
  const moment = fc.integer({ min: -60, max: 20 }).map((minutes) => t0 + minutes * minute);
  const anySighting = fc
    .record({
      state: fc.option(fc.constantFrom(...states)),
      node: fc.constantFrom(null, 'cn01', 'cn02'),
      startedAt: fc.option(moment),
      port: fc.option(fc.integer({ min: 20_000, max: 20_002 })),
      exit: fc.option(
        fc.record({
          exitCode: fc.nat(255),
          cause: fc.constantFrom('drained', 'engine', 'terminated'),
          at: moment,
        }),
      ),
      logTail: fc.option(fc.string({ unit: 'binary', maxLength: 5_000 })),
    })
    .map(({ state, node, startedAt, port, ...rest }) =>
      sighting(state === null ? null : { state, node, startedAt }, {
        ...rest,
        address: port === null ? null : { host: 'cn01', port },
      }),
    );
  const anyJob = fc
    .record({
      phase: fc.constantFrom(...phases),
      endAskedAt: fc.option(moment),
      cancelledAt: fc.option(moment),
      known: fc.boolean(),
    })
    .map(({ phase, known, ...rest }) => job(phase, known ? rest : { ...rest, clusterJobId: null }));

  test('looking twice changes nothing more, and the reason stays short and storable', () => {
    fc.assert(
      fc.property(anyJob, anySighting, (from, what) => {
        const patch = see(from, what);
        if (patch === null) return;
        expect(Object.keys(patch).length).toBeGreaterThan(0);
        expect(see({ ...from, ...patch }, what)).toBeNull();
        const reason = patch.reason ?? '';
        expect(reason.length).toBeLessThan(2_200);
        expect(reason.includes('\u0000')).toBe(false);
        expect(reason.isWellFormed()).toBe(true);
      }),
    );
  });

  test('no observation makes a job ready, drains it or revives it', () => {
    fc.assert(
      fc.property(anyJob, anySighting, (from, what) => {
        const after = { ...from, ...see(from, what) };
        if (after.phase === 'ready' || after.phase === 'draining')
          expect(after.phase).toBe(from.phase);
        if (from.phase === 'ended') expect(after).toEqual(from);
        if (after.phase === 'ended' && from.phase !== 'ended') expect(after.outcome).not.toBeNull();
      }),
    );
  });
});
