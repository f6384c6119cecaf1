import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Stream } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { deathsInARow, restartDelayMs } from '@wakefield/runtime';
import { boundToUs } from '../process/daemon.ts';
import { type Escalation, sendSignal } from '../process/process-table.ts';
import { tailLines } from '../process/tail.ts';
import { SetupError } from '../setup-error.ts';
import type { ServiceName } from './instances.ts';

export interface ServiceSpec {
  readonly service: ServiceName;
  /** Unique among all processes: `proxy`, `api-2`. */
  readonly name: string;
  readonly script: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  readonly logFile: string;
  /** Its file descriptor 3, which it listens on; null for services without a port. */
  readonly socket: Stream | null;
}

/** A running process of a service that said it is ready. */
export interface RunningService {
  readonly pid: number;
  /** null for services without a public port. */
  readonly url: string | null;
  readonly opsUrl: string;
}

export interface SupervisedService {
  readonly service: ServiceName;
  readonly name: string;
  /** null while it is down or starting. */
  running(): RunningService | null;
  /** Resolves when it is ready for the first time. Rejects with SetupError when it never gets there, or is stopped. */
  readonly ready: Promise<void>;
  /** Ends it for good. */
  stop(escalation: Escalation): Promise<void>;
}

export interface SupervisorEvents {
  /** For people. */
  log(line: string): void;
  /** Some `running()` changed. */
  changed(): void;
}

/** exit code of a configuration that cannot be used, sysexits.h EX_CONFIG: trying again is no use. */
const isUnusable = (how: string) => how === 'code 78';
const unusable = 'cannot use its configuration';
const firstReadyMs = 60_000;
const firstReadyDeaths = 3;

/** Starts a service and starts it again, ever more slowly, whenever it dies. */
export function superviseService(spec: ServiceSpec, events: SupervisorEvents): SupervisedService {
  let child: ChildProcess | null = null;
  let running: RunningService | null = null;
  let stopping = false;
  let everReady = false;
  let deaths = 0;
  const first = Promise.withResolvers<void>();
  // Somebody may stop us before anybody asks for `ready`.
  first.promise.catch(() => undefined);
  const patience = setTimeout(
    () => fail(`is not ready after ${firstReadyMs / 1000} s`),
    firstReadyMs,
  );
  const wake = new AbortController();
  let loop = Promise.resolve();

  function fail(what: string): void {
    clearTimeout(patience);
    const tail = tailLines(spec.logFile, 12);
    first.reject(
      new SetupError(`${spec.name} ${what}. Its log ${spec.logFile} ends with:\n${tail}`),
    );
  }

  async function keepRunning(): Promise<void> {
    while (!stopping) {
      const started = performance.now();
      const how = await runOnce();
      if (stopping) return;
      deaths = deathsInARow(deaths, performance.now() - started);
      const hopeless = everReady ? null : whyHopeless(how);
      if (hopeless !== null) return fail(hopeless);
      await pauseAfter(how);
    }
  }

  /** Why one that was never ready is not tried again; null: it is. */
  function whyHopeless(how: string): string | null {
    if (isUnusable(how)) return unusable;
    return deaths >= firstReadyDeaths ? `ended ${deaths} times (${how})` : null;
  }

  async function pauseAfter(how: string): Promise<void> {
    // A configuration that could be used before may be mended again.
    const what = isUnusable(how) ? `${unusable}, see ${spec.logFile}` : `ended (${how})`;
    const waitMs = restartDelayMs(deaths);
    events.log(`${spec.name} ${what}; starting it again in ${waitMs / 1000} s`);
    await delay(waitMs, undefined, { signal: wake.signal }).catch(() => undefined);
  }

  async function runOnce(): Promise<string> {
    const next = launch(spec);
    child = next;
    next.on('message', (message) => {
      const ready = readyMessage(message);
      if (ready === null || next.pid === undefined) return;
      const again = everReady;
      everReady = true;
      running = { pid: next.pid, ...ready };
      clearTimeout(patience);
      first.resolve();
      if (again) events.log(`${spec.name} is ready again (process ${next.pid})`);
      events.changed();
    });
    const how = await ended(next);
    child = null;
    running = null;
    if (!stopping) events.changed();
    return how;
  }

  loop = keepRunning();
  return {
    service: spec.service,
    name: spec.name,
    running: () => running,
    ready: first.promise,
    async stop(escalation) {
      stopping = true;
      clearTimeout(patience);
      first.reject(new SetupError(`${spec.name} was stopped before it was ready.`));
      wake.abort();
      for (const { signal, waitMs } of escalation) {
        if (child?.pid === undefined) break;
        // Its whole group: it may have helpers of its own.
        sendSignal(signal === 'SIGKILL' ? -child.pid : child.pid, signal);
        await Promise.race([loop, delay(waitMs, undefined, { ref: false })]);
      }
    },
  };
}

/** In a session of its own: Ctrl-C in the terminal is for the supervisor. */
function launch(spec: ServiceSpec): ChildProcess {
  const { command, args } = boundToUs(
    process.execPath,
    ['--conditions=source', '--disable-warning=ExperimentalWarning', spec.script],
    'SIGTERM',
  );
  const log = openSync(spec.logFile, 'a', 0o600);
  try {
    return spawn(command, args, {
      cwd: spec.workingDirectory,
      env: spec.env,
      detached: true,
      stdio: ['ignore', log, log, spec.socket ?? 'ignore', 'ipc'],
    });
  } finally {
    closeSync(log);
  }
}

function ended(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `code ${code}`));
  });
}

/** `{ type: 'ready', url, opsUrl }` as the runtime's life cycle sends it. */
function readyMessage(message: unknown): Pick<RunningService, 'url' | 'opsUrl'> | null {
  const { type, url, opsUrl } = (message ?? {}) as Record<string, unknown>;
  if (type !== 'ready' || typeof opsUrl !== 'string') return null;
  return { url: typeof url === 'string' ? url : null, opsUrl };
}
