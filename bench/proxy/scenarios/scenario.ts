import type { Candidate } from '../candidates/candidate.ts';
import type { Cores } from '../cores.ts';
import type { Entrant } from '../entrant.ts';
import type { Figures } from '../figures.ts';
import type { RunResult } from '../load/orders.ts';
import type { Tools } from '../load/tools.ts';
import { cpuMicrosOf, hasProc } from '../proc.ts';

/** What a scenario works with. */
export interface Bench {
  readonly tools: Tools;
  readonly cores: Cores;
}

export interface Scenario {
  readonly name: string;
  /** What is done, for the report. */
  readonly about: string;
  /** Whether each run needs a process of its own: one that has run before has memory to spare. */
  readonly fresh?: boolean;
  /** Rounds at most; what takes long is not done as often. */
  readonly mostRounds?: number;
  /** Candidates of its own in the place of the usual ones; the first is what the others are compared with. */
  readonly candidates?: readonly Candidate[];
  /** Whether a candidate takes part; absent: all do. */
  takes?(candidate: Candidate): boolean;
  /** Before its first round, once for each candidate. */
  warmUp?(entrant: Entrant, bench: Bench): Promise<void>;
  run(entrant: Entrant, bench: Bench): Promise<Figures>;
}

/** Name of the figure that tells how near engine and load generator were to their limit. Compared with nobody. */
const busyFigure = 'load busy %';

/** CPU of a candidate while a load runs, and how busy engine and generator were meanwhile. */
export async function underLoad<Result extends RunResult>(
  { running }: Entrant,
  { tools, cores }: Bench,
  run: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly cpuMicros: number; readonly busy: Figures }> {
  const cpuOf = (pid: number | null): number => (pid === null || !hasProc ? 0 : cpuMicrosOf([pid]));
  const before = { engine: cpuOf(tools.engine.pid), load: cpuOf(tools.load.pid()) };
  const from = await running.cpuMicros();
  const result = await run();
  const cpuMicros = (await running.cpuMicros()) - from;
  const engine = cpuOf(tools.engine.pid) - before.engine;
  const load = cpuOf(tools.load.pid()) - before.load;
  const most = cores.engine === cores.load ? engine + load : Math.max(engine, load);
  const busy = (most / (result.seconds * 1e6)) * 100;
  return { result, cpuMicros, busy: hasProc ? { [busyFigure]: busy } : {} };
}
