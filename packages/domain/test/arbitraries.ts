import fc from 'fast-check';
import type {
  Demand,
  Job,
  JobOutcome,
  JobPhase,
  Model,
  Observed,
  StartHistory,
} from '../src/index.ts';
import { job, minute, model, second, t0 } from './builders.ts';

/** The moment at which arbitrary plans are made. */
export const now = t0 + 60 * minute;

const past = fc.integer({ min: 0, max: 120 * 60 }).map((seconds) => now - seconds * second);
const around = fc.integer({ min: -3_600, max: 7_200 }).map((seconds) => now + seconds * second);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { freq: 2 });

const phases: readonly JobPhase[] = [
  'intended',
  'queued',
  'starting',
  'ready',
  'draining',
  'ended',
];
const outcomes: readonly JobOutcome[] = [
  'as_asked',
  'timeout',
  'failed',
  'cancelled',
  'preempted',
  'node_failed',
  'not_set_up',
  'refused',
  'no_room',
  'lost',
];

export const anyModel: fc.Arbitrary<Model> = fc
  .record({
    cluster: fc.constantFrom('c1', 'c2'),
    otherClusters: fc.constantFrom([], ['c1'], ['c2'], ['c1', 'c2']),
    revision: fc.integer({ min: 1, max: 2 }),
    registered: fc.boolean(),
    stopRequested: fc.boolean(),
    idle: fc.boolean(),
    replicas: fc.integer({ min: 1, max: 4 }),
    replicasChangedAt: maybe(past),
    surplusSince: maybe(past),
    lastWakeupAt: maybe(past),
    lastRequestAt: maybe(past),
    autoscale: fc.boolean(),
    isRefreshing: fc.boolean(),
    minReplicas: fc.constantFrom(0, 0, 1, 3),
    maxReplicas: fc.integer({ min: 1, max: 4 }),
    walltimeRatio: fc.constantFrom(0.1, 0.5, 0.9, 1),
    idleTimeoutSeconds: fc.constantFrom(1, 600, 7_200),
  })
  .map(
    ({
      autoscale,
      isRefreshing,
      minReplicas,
      maxReplicas,
      otherClusters,
      walltimeRatio,
      idleTimeoutSeconds,
      ...rest
    }) =>
      model(
        { ...rest, registered: rest.registered || !rest.stopRequested },
        {
          autoscale,
          isRefreshing,
          minReplicas: Math.min(minReplicas, maxReplicas),
          maxReplicas,
          otherClusters,
          walltimeRatio,
          idleTimeoutSeconds,
        },
      ),
  );

const anyJobFields = fc.record({
  phase: fc.constantFrom(...phases),
  outcome: fc.constantFrom(...outcomes),
  cluster: fc.constantFrom('c1', 'c2'),
  revision: fc.integer({ min: 1, max: 2 }),
  known: fc.boolean(),
  capacity: maybe(fc.integer({ min: 0, max: 64 })),
  intendedAt: past,
  submittedAt: past,
  forecastAt: maybe(around),
  startedAt: past,
  nodeLeaving: fc.constantFrom(false, false, false, true),
  endsAt: maybe(around),
  readyAt: maybe(past),
  drainUntil: maybe(around),
  endAskedAt: maybe(past),
  cancelledAt: maybe(past),
  endedAt: past,
  successorOf: maybe(fc.integer({ min: 1, max: 6 }).map((seq) => `j${seq}`)),
  races: fc.boolean(),
});

type Row = typeof anyJobFields extends fc.Arbitrary<infer T> ? T : never;

/** Drops what a job in its phase cannot have. */
function consistent(row: Row, seq: number): Job {
  const { phase, known, races: _races, ...rest } = row;
  const started = phase === 'starting' || phase === 'ready' || phase === 'draining';
  const over: { -readonly [K in keyof Job]?: Job[K] } = { ...rest, seq };
  if (phase !== 'ended') Object.assign(over, { outcome: null, endedAt: null });
  else over.endedAt = Math.max(rest.endedAt, rest.intendedAt);
  if (!started) Object.assign(over, { startedAt: null, endsAt: null, nodeLeaving: false });
  // What was only intended has shown nothing that its end would take away.
  if (phase === 'intended') Object.assign(over, { submittedAt: null, capacity: null });
  else over.submittedAt = Math.max(rest.submittedAt, rest.intendedAt);
  if (phase !== 'queued') over.forecastAt = null;
  if (phase === 'intended' && !known) over.clusterJobId = null;
  else over.clusterJobId = `${100 + seq}`;
  if (phase === 'ready' || phase === 'draining') over.readyAt ??= now;
  else if (phase !== 'ended') over.readyAt = null;
  if (phase !== 'draining') over.endAskedAt = null;
  if (phase === 'ready') over.cancelledAt = null;
  return job(phase, over);
}

/** Any jobs of one model, also in combinations that should not come about. */
const anyJobs: fc.Arbitrary<readonly Job[]> = fc
  .array(anyJobFields, { maxLength: 7 })
  .map((rows) => {
    const jobs = rows.map((row, index) => consistent(row, index + 1));
    return jobs.map((one, index) =>
      rows[index]?.races === true ? { ...one, rivalOf: rivalOf(one, jobs) } : one,
    );
  });

/** The newest before it that may have waited when it was written, on another cluster. */
function rivalOf({ seq, cluster }: Job, jobs: readonly Job[]): Job['rivalOf'] {
  const before = jobs.filter((other) => other.seq < seq && other.cluster !== cluster);
  return before.findLast(({ phase }) => phase === 'intended' || phase === 'queued')?.id ?? null;
}

const anyDemand: fc.Arbitrary<Demand> = maybe(
  fc
    .record({
      isWhole: fc.constantFrom(true, true, true, false),
      held: fc.constantFrom(0, 0, 1, 40),
      average: maybe(fc.double({ min: 0, max: 80, noNaN: true })),
      peak: fc.double({ min: 0, max: 80, noNaN: true }),
      lastRequestAt: maybe(past),
      runningByJob: fc.dictionary(
        fc.integer({ min: 1, max: 7 }).map((seq) => `j${seq}`),
        fc.integer({ min: 0, max: 20 }),
        { maxKeys: 4 },
      ),
    })
    .map((rest) => {
      const running = Object.values(rest.runningByJob).reduce((sum, count) => sum + count, 0);
      const average = rest.average ?? running + rest.held;
      return { ...rest, running, average, peak: Math.max(average, rest.peak) };
    }),
);

const anyCluster = fc
  .record({
    reachable: fc.boolean(),
    observedAt: maybe(past),
    silence: fc.record({ since: past, looks: fc.integer({ min: 1, max: 3 }) }),
  })
  .map(({ silence, ...seen }) =>
    seen.reachable
      ? { ...seen, error: null, silence: null }
      : { ...seen, error: 'no answer', silence },
  );

const duration = fc.integer({ min: 0, max: 8 * 3_600 }).map((seconds) => seconds * second);

export const anyHistory: fc.Arbitrary<StartHistory> = fc.record({
  waits: fc.array(duration, { maxLength: 15 }),
  waitingSince: fc.array(past, { maxLength: 5 }),
  abandoned: fc.array(fc.integer({ min: 0, max: 36_000_000 }), { maxLength: 5 }),
  trial: maybe(fc.record({ askedAt: past, startsAt: around })),
});

/** What configured limits leave; most clusters have none. */
const anyRoom = fc.dictionary(
  fc.constantFrom('c1', 'c2'),
  fc.record({ jobs: fc.integer({ min: 0, max: 3 }), reason: fc.constant('It is full.') }),
);

export const anyObserved: fc.Arbitrary<Observed> = fc.record({
  jobs: anyJobs,
  demand: anyDemand,
  clusters: fc.record({ c1: anyCluster, c2: anyCluster }),
  history: fc.dictionary(fc.constantFrom('c1', 'c2'), anyHistory),
  room: anyRoom,
  answering: maybe(fc.subarray(['j1', 'j2', 'j3', 'j4', 'j5', 'j6', 'j7'])),
});
