import { type Exposition, keepTotals, sumMetrics } from '@wakefield/runtime';

/** The figures of all workers as those of one process. */
export interface CrewFigures {
  expose(): Promise<Exposition>;
}

/**
 * Counters never fall: what a worker told last counts where it does not answer in time, and its totals for ever when it
 * has ended. What it counted after it told last is lost with it, as with any process that Prometheus asks.
 * @param workers numbers of those that are ready; no two ever have the same
 * @param ask for the `exposeJson` of all of them; who does not answer in time is left out
 */
export function createCrewFigures(
  workers: () => ReadonlySet<number>,
  ask: () => Promise<ReadonlyMap<number, string>>,
): CrewFigures {
  /** What each told last. */
  const told = new Map<number, string>();
  let ofTheDead = '[]';
  let underWay: Promise<Exposition> | null = null;

  const read = async (): Promise<Exposition> => {
    for (const [id, body] of await ask()) told.set(id, body);
    const alive = workers();
    const dead = [...told].filter(([id]) => !alive.has(id));
    if (dead.length > 0) {
      ofTheDead = await keepTotals([ofTheDead, ...dead.map(([, body]) => body)]);
      for (const [id] of dead) told.delete(id);
    }
    return sumMetrics([ofTheDead, ...told.values()]);
  };

  return {
    // One at a time: an answer that is overtaken would be older than what was told of it.
    expose: () => {
      underWay ??= read().finally(() => {
        underWay = null;
      });
      return underWay;
    },
  };
}
