/** In this order everything ends; what is in one phase ends side by side. */
const phases = ['services', 'logs', 'jobs', 'records', 'stores', 'lock'] as const;

/**
 * - `services` stop taking requests and finish what runs
 * - `logs`     the last lines of theirs are shown
 * - `jobs`     of the local and the private cluster
 * - `records`  what the next start has to know
 * - `stores`   Postgres and Redis
 * - `lock`     of the data directory
 */
export type ClosingPhase = (typeof phases)[number];

/** What was opened, to be closed in order. */
export interface Closing {
  /** Once everything is being closed, what is added is closed at once. */
  add(phase: ClosingPhase, name: string, close: () => Promise<unknown> | unknown): void;
  /** What is left of the time that everything has to end in, in whole milliseconds. */
  remainingMs(): number;
  /** Whether anything runs that would be ended: a start that was refused has nothing to tell of. */
  hasProcesses(): boolean;
  /** Aborted when closing begins. */
  readonly signal: AbortSignal;
  /** Closes everything; calling again waits for the first call. */
  closeAll(): Promise<void>;
  /** What came late is closed, too. */
  settled(): Promise<void>;
}

interface Closer {
  readonly phase: ClosingPhase;
  readonly name: string;
  readonly close: () => Promise<unknown> | unknown;
}

/**
 * @param limitMs that everything has to end in, from the moment at which closing begins
 * @param onError told of a closer that failed; the others close all the same
 */
export function createClosing(
  limitMs: number,
  onError: (name: string, error: unknown) => void,
): Closing {
  const closers: Closer[] = [];
  const late: Promise<void>[] = [];
  const controller = new AbortController();
  let closing: Promise<void> | null = null;
  let began: number | null = null;

  async function closeOne({ name, close }: Closer): Promise<void> {
    try {
      await close();
    } catch (error) {
      onError(name, error);
    }
  }

  async function run(): Promise<void> {
    began = performance.now();
    controller.abort();
    for (const phase of phases)
      await Promise.all(closers.filter((closer) => closer.phase === phase).map(closeOne));
  }

  return {
    signal: controller.signal,
    hasProcesses: () => closers.some(({ phase }) => ['services', 'jobs', 'stores'].includes(phase)),
    remainingMs: () =>
      began === null ? limitMs : Math.floor(limitMs - (performance.now() - began)),
    add(phase, name, close) {
      const closer = { phase, name, close };
      if (controller.signal.aborted) late.push(closeOne(closer));
      else closers.push(closer);
    },
    closeAll() {
      closing ??= run();
      return closing;
    },
    async settled() {
      await Promise.all(late);
    },
  };
}
