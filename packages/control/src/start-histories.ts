import {
  type ClusterName,
  type EpochMs,
  isWellKnown,
  jobShape,
  type Model,
  type StartHistory,
  type Trial,
} from '@wakefield/domain';
import { ASK_AGAIN_MS, ASK_PACE_MS, type AskInTurnDeps, askInTurn } from './ask-in-turn.ts';
import type { ClusterDriver, Drivers } from './ports/cluster.ts';
import type { TrialQuestion } from './ports/messaging.ts';
import type { JobStore } from './ports/stores.ts';

export interface StartHistoriesDeps extends AskInTurnDeps {
  readonly jobs: Pick<JobStore, 'readWaits'>;
  readonly drivers: Drivers;
}

/** How long jobs of a model's shape wait: read once for all models of a shape, and asked of clusters where few are known. */
export interface StartHistories {
  /**
   * What is known for each of these clusters. A trial that was asked for earlier and has not been answered is waited
   * for, at most `patienceMs`.
   */
  read(
    model: Model,
    clusters: readonly ClusterName[],
    patienceMs?: number,
  ): Promise<Readonly<Record<ClusterName, StartHistory>>>;
  /**
   * Asks those of the clusters of which too little is known when a job of the model would start, without waiting for
   * an answer. Each is asked once in ten minutes for a shape, whatever it says, and one thing in two seconds, however
   * many schedulers there are: what one hears it tells the others.
   */
  ask(model: Model, clusters: readonly ClusterName[]): void;
}

/** Waits that are looked at. */
const NEWEST = 50;
/** What was longer ago tells of other users, other nodes, another maintenance. */
const REMEMBERED_MS = 14 * 86_400_000;
/** A queue does not change its ways within this time; many models are looked at within it. */
const READ_AGAIN_MS = 5_000;
/** There are a few shapes for each partition. */
const REMEMBERED_SHAPES = 2_000;

type Waits = Omit<StartHistory, 'trial'>;

interface Known {
  waits: Waits;
  /** The reading itself: whoever comes meanwhile waits for the same one. */
  reading: Promise<void> | null;
  readAt: EpochMs;
  trial: Trial | null;
  askedAt: EpochMs | null;
  /** The answer to a trial under way. */
  answer: Promise<void> | null;
}

export function createStartHistories(deps: StartHistoriesDeps): StartHistories {
  const known = new Map<string, Known>();

  const entryOf = (driver: ClusterDriver, shape: string): Known => {
    const key = `${driver.name}\n${shape}`;
    const entry = known.get(key) ?? {
      waits: { waits: [], waitingSince: [], abandoned: [] },
      reading: null,
      readAt: Number.NEGATIVE_INFINITY,
      trial: null,
      askedAt: null,
      answer: null,
    };
    // The one that was used longest ago is forgotten first.
    known.delete(key);
    known.set(key, entry);
    for (const oldest of known.keys()) {
      if (known.size <= REMEMBERED_SHAPES) break;
      known.delete(oldest);
    }
    return entry;
  };
  const shapeOn = (driver: ClusterDriver, { spec, project }: Model) =>
    jobShape(spec, driver.queueOf(project));
  const driversOf = (clusters: readonly ClusterName[]) =>
    [...new Set(clusters)].flatMap((name) => deps.drivers.get(name) ?? []);

  const readAnew = async (question: TrialQuestion, entry: Known, now: EpochMs) => {
    const { cluster, shape } = question;
    const waits = await deps.jobs.readWaits(cluster, shape, now - REMEMBERED_MS, NEWEST);
    Object.assign(entry, { waits, readAt: now });
    if (isWellKnown(waits)) return;
    const { trial } = entry;
    const said = await deps.trials.read(question).catch((err: unknown) => {
      deps.log.debug({ err, cluster }, 'forecasts not read');
      return { trial };
    });
    // What was heard meanwhile is newer.
    if (entry.trial === trial) entry.trial = said.trial;
  };

  const readOne = async (driver: ClusterDriver, model: Model, patienceMs: number) => {
    const shape = shapeOn(driver, model);
    const entry = entryOf(driver, shape);
    const now = deps.clock.now();
    if (entry.reading === null && Math.abs(now - entry.readAt) >= READ_AGAIN_MS)
      entry.reading = readAnew({ cluster: driver.name, shape }, entry, now).finally(() => {
        entry.reading = null;
      });
    await entry.reading;
    if (entry.answer !== null && patienceMs > 0) await atMost(entry.answer, patienceMs);
    return { ...entry.waits, trial: entry.trial };
  };

  const askOne = (driver: ClusterDriver, model: Model): void => {
    const shape = shapeOn(driver, model);
    const entry = entryOf(driver, shape);
    const askedAt = deps.clock.now();
    const lately = entry.askedAt !== null && Math.abs(askedAt - entry.askedAt) < ASK_AGAIN_MS;
    if (lately || entry.answer !== null || isWellKnown(entry.waits)) return;
    entry.askedAt = askedAt;
    const { gpuCount, walltimeSeconds, resources } = model.spec;
    const request = { project: model.project, gpuCount, walltimeSeconds, ...resources };
    entry.answer = askInTurn(deps, driver, request, shape)
      .catch((err: unknown) => {
        deps.log.debug({ err, cluster: driver.name }, 'start not asked for');
        return 'unasked' as const;
      })
      .then((said) => {
        if (said === 'unasked') entry.askedAt = askedAt - ASK_AGAIN_MS + ASK_PACE_MS;
        else entry.trial = said;
        // Who heard it from another is due when the other one is.
        if (said !== 'unasked' && said !== null) entry.askedAt = said.askedAt;
      })
      .finally(() => {
        entry.answer = null;
      });
  };

  return {
    read: async (model, clusters, patienceMs = 0) => {
      const read = driversOf(clusters).map(
        async (driver) => [driver.name, await readOne(driver, model, patienceMs)] as const,
      );
      return Object.fromEntries(await Promise.all(read));
    },
    ask: (model, clusters) => {
      for (const driver of driversOf(clusters)) askOne(driver, model);
    },
  };
}

async function atMost(answer: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([answer, over]);
  clearTimeout(timer);
}
