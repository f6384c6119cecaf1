/** What was opened, to be closed in reverse order. */
export interface Closing {
  /** Once everything is being closed, what is added is closed at once. */
  add(name: string, close: () => Promise<unknown> | unknown): void;
  /** Aborted when closing begins. */
  readonly signal: AbortSignal;
  /** Closes everything; calling again waits for the first call. */
  closeAll(): Promise<void>;
  /** What came late is closed, too. */
  settled(): Promise<void>;
}

interface Closer {
  readonly name: string;
  readonly close: () => Promise<unknown> | unknown;
}

/** @param onError told of a closer that failed; the others close all the same */
export function createClosing(onError: (name: string, error: unknown) => void): Closing {
  const closers: Closer[] = [];
  const late: Promise<void>[] = [];
  const controller = new AbortController();
  let closing: Promise<void> | null = null;

  async function closeOne({ name, close }: Closer): Promise<void> {
    try {
      await close();
    } catch (error) {
      onError(name, error);
    }
  }

  async function run(): Promise<void> {
    controller.abort();
    for (let next = closers.pop(); next !== undefined; next = closers.pop()) await closeOne(next);
  }

  return {
    signal: controller.signal,
    add(name, close) {
      if (controller.signal.aborted) late.push(closeOne({ name, close }));
      else closers.push({ name, close });
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
