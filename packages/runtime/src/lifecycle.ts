import type { EventEmitter } from 'node:events';
import type { Logger } from './logger.ts';
import { within } from './within.ts';

/** Where a process answers; told to its supervisor. */
export interface ReadyMessage {
  readonly url: string | null;
  readonly opsUrl: string;
}

/** Life of a process from `createLifecycle` to its exit. */
export interface Lifecycle {
  /** Registers something to close; closed in reverse order of registration, one after the other. */
  onClose(name: string, close: () => Promise<unknown> | unknown, timeoutMs?: number): void;
  /** True from the moment the end was asked for. */
  readonly draining: boolean;
  /** Aborted at that moment. */
  readonly signal: AbortSignal;
  /** Aborted by a second SIGTERM or SIGINT: what is under way is not waited for any longer. */
  readonly hurry: AbortSignal;
  /** Tells the supervisor over Node's IPC channel, where there is one. */
  announceReady(ready: ReadyMessage): void;
  /** Ends the process as SIGTERM does. Asking twice is asking once. */
  shutDown(reason: string, exitCode?: number): Promise<void>;
}

/** The part of `process` that a life cycle touches. */
export interface HostProcess extends Pick<EventEmitter, 'on' | 'off'> {
  readonly connected?: boolean;
  send?(message: unknown): boolean;
  exit(code: number): void;
}

export interface LifecycleOptions {
  readonly logger: Logger;
  /** After this the process exits whatever still hangs. */
  readonly totalTimeoutMs: number;
  /** Whether to end when the supervisor is gone: a killed supervisor must leave no process behind. Default true. */
  readonly endWithSupervisor?: boolean;
  readonly host?: HostProcess;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
}

/** One wish to end may arrive several times: from the terminal, from npm, for the process and for its group. */
const ECHO_MS = 500;

interface Closer {
  readonly name: string;
  readonly close: () => Promise<unknown> | unknown;
  readonly timeoutMs: number;
}

/**
 * Listens for SIGTERM, SIGINT, the loss of the supervisor and unexpected errors, and closes what was registered.
 * Exit code 0 after an orderly end, 1 after an unexpected error or when the total time was not enough.
 */
export function createLifecycle(options: LifecycleOptions): Lifecycle {
  const { logger, totalTimeoutMs, endWithSupervisor = true, host = process } = options;
  const { now = () => performance.now() } = options;
  const closers: Closer[] = [];
  const controller = new AbortController();
  const hurry = new AbortController();
  /** Of the first signal; a monotonic clock's milliseconds. */
  let signalledAt: number | null = null;
  let ending: Promise<void> | null = null;

  const shutDown = (reason: string, exitCode = 0): Promise<void> => {
    ending ??= end(reason, exitCode);
    return ending;
  };

  async function end(reason: string, exitCode: number): Promise<void> {
    logger.info({ reason }, 'shutting down');
    const startedAt = performance.now();
    const forced = setTimeout(() => {
      logger.error({ totalTimeoutMs }, 'shutdown took too long; exiting');
      host.exit(1);
    }, totalTimeoutMs);
    controller.abort(new Error(`shutting down: ${reason}`));
    for (const closer of closers.toReversed()) await closeOne(closer, logger);
    clearTimeout(forced);
    for (const [event, listener] of listeners) host.off(event, listener);
    logger.info({ durationMs: Math.round(performance.now() - startedAt) }, 'shut down');
    host.exit(exitCode);
  }

  const onSignal = (name: string): void => {
    signalledAt ??= now();
    if (now() - signalledAt > ECHO_MS) hurry.abort(new Error(`${name}, once more`));
    void shutDown(name);
  };
  const unexpected = (error: unknown): void => {
    logger.fatal({ err: error }, 'unexpected error; ending the process');
    void shutDown('unexpected error', 1);
  };
  const listeners: readonly (readonly [string, (error: unknown) => void])[] = [
    ['SIGTERM', () => onSignal('SIGTERM')],
    ['SIGINT', () => onSignal('SIGINT')],
    ['uncaughtException', unexpected],
    ['unhandledRejection', unexpected],
    ...(endWithSupervisor && host.connected === true
      ? ([['disconnect', () => void shutDown('supervisor gone')]] as const)
      : []),
  ];
  for (const [event, listener] of listeners) host.on(event, listener);

  return {
    onClose: (name, close, timeoutMs = totalTimeoutMs) => {
      closers.push({ name, close, timeoutMs });
    },
    get draining() {
      return controller.signal.aborted;
    },
    signal: controller.signal,
    hurry: hurry.signal,
    announceReady: (ready) => {
      logger.info({ ...ready }, 'ready');
      if (host.connected === true) host.send?.({ type: 'ready', ...ready });
    },
    shutDown,
  };
}

/** A closer that fails or hangs is logged and does not keep the others from closing. */
async function closeOne({ name, close, timeoutMs }: Closer, logger: Logger): Promise<void> {
  try {
    await within(timeoutMs, `closing ${name}`, close);
    logger.debug({ component: name }, 'closed');
  } catch (error) {
    logger.warn({ err: error, component: name }, 'did not close in order');
  }
}
