/** How a watch goes. */
export interface Watch {
  /** @returns how many are still held; NaN where the system does not tell */
  readonly look: () => Promise<number>;
  readonly everyMs: number;
  /** So long in any case: what is gone may come back, and others are served beside. */
  readonly leastMs: number;
  /** Beyond that, as long as any is held. */
  readonly marginMs: number;
  readonly now: () => number;
  readonly wait: (ms: number) => Promise<void>;
}

export interface Watched {
  readonly held: number;
  /** From the begin of the watch until none was held, and none came back; null: never. */
  readonly goneAfterMs: number | null;
}

/** Looks until none is held, for so long at least, and no longer than a margin beyond that. */
export async function watch(how: Watch): Promise<Watched> {
  const { look, everyMs, leastMs, marginMs, now, wait } = how;
  const startedAt = now();
  let held = Number.NaN;
  let goneAfterMs: number | null = null;
  const isOver = (): boolean => {
    const passed = now() - startedAt;
    return passed >= (held > 0 ? leastMs + marginMs : leastMs);
  };
  do {
    await wait(everyMs);
    held = await look();
    if (held > 0) goneAfterMs = null;
    else goneAfterMs ??= now() - startedAt;
  } while (!isOver());
  return { held, goneAfterMs };
}
