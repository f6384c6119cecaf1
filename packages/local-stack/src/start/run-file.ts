import { rmSync } from 'node:fs';
import { endProcesses, listProcessesWithEnvironment } from '../process/process-table.ts';
import type { ClusterSummary } from './clusters-file.ts';
import { type DataPaths, writePrivately } from './data-directory.ts';
import type { ServiceName } from './instances.ts';
import type { RunningService, SupervisedService } from './supervised-service.ts';

/** What is running, for scripts and tests: `$WAKEFIELD_DATA/run.json`. */
export interface RunFile {
  readonly url: string;
  readonly pid: number;
  /** Those that are ready. */
  readonly services: Readonly<Record<ServiceName, readonly RunningService[]>>;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly clusters: readonly ClusterSummary[];
  /** The HEAppE of `--heappe`, and where it is told to go wrong; null without one. */
  readonly heappe: {
    readonly url: string;
    readonly control: string;
    readonly pid: number;
  } | null;
}

export function writeRunFile(
  file: string,
  facts: Omit<RunFile, 'services'>,
  services: readonly SupervisedService[],
): void {
  const running: Record<ServiceName, RunningService[]> = { proxy: [], api: [], scheduler: [] };
  for (const service of services) {
    const now = service.running();
    if (now !== null) running[service.service].push(now);
  }
  const { url, pid, ...rest } = facts;
  const content: RunFile = { url, pid, services: running, ...rest };
  writePrivately(file, `${JSON.stringify(content, null, 2)}\n`);
}

export function removeRunFile(file: string): void {
  rmSync(file, { force: true });
}

/**
 * Ends services of an earlier run that was killed: they end by themselves when their supervisor is gone, so this
 * is for one that hangs.
 */
export async function endOldServices(paths: DataPaths): Promise<void> {
  const pids = listProcessesWithEnvironment('WAKEFIELD_CLUSTERS', paths.clustersInUse)
    .filter(({ command }) => command.includes('/services/'))
    .map(({ pid }) => pid);
  await endProcesses(pids, [
    { signal: 'SIGTERM', waitMs: 3000 },
    // Whoever has requests under way ends them at the second word.
    { signal: 'SIGTERM', waitMs: 1500 },
    { signal: 'SIGKILL', waitMs: 2000 },
  ]);
  removeRunFile(paths.runFile);
}
