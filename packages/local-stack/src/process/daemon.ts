import { spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, renameSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { findCommand } from './find-command.ts';
import { type Escalation, sendSignal } from './process-table.ts';

export interface DaemonOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole environment: nothing of ours leaks in. */
  readonly env: Readonly<Record<string, string>>;
  /** Output is appended here. */
  readonly logFile: string;
  /** What the kernel sends it when this process dies without a word (prctl(2), PR_SET_PDEATHSIG). */
  readonly deathSignal: NodeJS.Signals;
  /** Another user to run as; only root may. */
  readonly account?: { readonly uid: number; readonly gid: number };
}

export interface DaemonExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A program in the foreground that belongs to this process. */
export interface Daemon {
  readonly pid: number;
  /** Resolves when it is over; never rejects. */
  readonly exited: Promise<DaemonExit>;
  /** null while it runs. */
  exit(): DaemonExit | null;
  /** Ends it. Calling twice is harmless. */
  stop(escalation: Escalation): Promise<void>;
}

const logLimitBytes = 8 << 20;

/**
 * Starts a program in a session of its own, so that Ctrl-C in the terminal reaches us and not it.
 * @throws when the program cannot be started at all
 */
export async function spawnDaemon(options: DaemonOptions): Promise<Daemon> {
  const { command, args } = boundToUs(options.command, options.args, options.deathSignal);
  keepPreviousLog(options.logFile);
  const log = openSync(options.logFile, 'a', 0o600);
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ['ignore', log, log],
    detached: true,
    ...(options.account === undefined ? {} : options.account),
  });
  closeSync(log);
  let over: DaemonExit | null = null;
  const exited = new Promise<DaemonExit>((resolve) => {
    child.once('exit', (code, signal) => {
      over = { code, signal };
      resolve(over);
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  const pid = child.pid ?? Number.NaN;
  return {
    pid,
    exited,
    exit: () => over,
    stop: (steps) => stopChild(pid, exited, () => over, steps),
  };
}

/**
 * The command line that makes the kernel end a child when this process is gone, where setpriv(1) is there.
 * The new program keeps the process id.
 */
export function boundToUs(
  command: string,
  args: readonly string[],
  deathSignal: NodeJS.Signals,
): { readonly command: string; readonly args: readonly string[] } {
  const setpriv = process.platform === 'linux' ? findCommand('setpriv') : null;
  if (setpriv === null || !knowsDeathSignals(setpriv)) return { command, args };
  const signal = deathSignal.slice('SIG'.length);
  return { command: setpriv, args: ['--pdeathsig', signal, '--', command, ...args] };
}

/** BusyBox has a smaller one. */
function knowsDeathSignals(setpriv: string): boolean {
  return spawnSync(setpriv, ['--pdeathsig', 'keep', 'true'], { stdio: 'ignore' }).status === 0;
}

async function stopChild(
  pid: number,
  exited: Promise<DaemonExit>,
  exit: () => DaemonExit | null,
  escalation: Escalation,
): Promise<void> {
  for (const { signal, waitMs } of escalation) {
    if (exit() !== null) return;
    sendSignal(pid, signal);
    const giveUp = new AbortController();
    await Promise.race([
      exited,
      delay(waitMs, undefined, { signal: giveUp.signal }).catch(() => undefined),
    ]);
    giveUp.abort();
  }
}

/** One older log is enough to see what went wrong before. */
function keepPreviousLog(file: string): void {
  try {
    if (statSync(file).size > logLimitBytes) renameSync(file, `${file}.1`);
  } catch {
    // There is none yet.
  }
}
