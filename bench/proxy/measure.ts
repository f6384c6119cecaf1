import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Candidate } from './candidates/candidate.ts';
import { direct } from './candidates/direct.ts';
import { coresHere } from './cores.ts';
import type { Entrant } from './entrant.ts';
import { type Field, start } from './field.ts';
import type { RunResult } from './load/orders.ts';
import { startTools, type Tools } from './load/tools.ts';
import { busyNow, machineHere } from './machine.ts';
import type { Report } from './report.ts';
import { runScenario } from './rounds.ts';
import { type Sizes, scenarios } from './scenarios/all.ts';
import { issueTokens } from './scenarios/tokens.ts';

export interface MeasureOptions {
  readonly quick: boolean;
  readonly rounds: number;
  readonly sizes: Sizes;
  /** Beside the engine itself, which always takes part. */
  readonly candidates: readonly Candidate[];
  /** Of Wakefield. */
  readonly version: string;
  /** Only scenarios whose name contains this. */
  readonly only: string;
  readonly generator: Tools['kind'];
  /** Told what is being done. */
  readonly onProgress: (text: string) => void;
}

/** What others are compared with, in order of preference. */
const baselines = ['nginx', 'node:http'];

/** Measures candidates beside each other and beside the engine itself. Leaves no process behind. */
export async function measure(options: MeasureOptions): Promise<Report> {
  const { sizes, onProgress, version, rounds } = options;
  const startedAt = performance.now();
  const cores = coresHere();
  const machine = machineHere(cores);
  const folder = await mkdtemp(join(tmpdir(), 'wakefield-bench-'));
  const tools = await startTools(folder, cores, options.generator);
  const issued = await issueTokens(
    'growth, callers'.includes(options.only) ? sizes.callers : 0,
    folder,
  );
  const field: Field = { enginePort: tools.engine.port, cores, folder };
  const absent: { candidate: string; reason: string }[] = [];
  const versions: Record<string, string> = { node: process.versions.node };
  const entrants: Entrant[] = [];
  try {
    for (const candidate of [direct(tools.engine), ...options.candidates]) {
      try {
        onProgress(`preparing ${candidate.name}`);
        const found = await candidate.prepare();
        entrants.push(await start(candidate, field));
        if (found !== '') versions[candidate.name] = found;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        onProgress(`  without ${candidate.name}: ${reason}`);
        absent.push({ candidate: candidate.name, reason });
      }
    }
    for (const entrant of entrants) await warmUp(entrant, tools, sizes.warmUpMs, onProgress);
    const chosen = scenarios(sizes, { version, issued }).filter(({ name }) =>
      name.includes(options.only),
    );
    const results: Report['scenarios'][number][] = [];
    const bench = { tools, cores };
    for (const scenario of chosen)
      results.push(
        await runScenario(scenario, entrants, { rounds, baselines, field, bench, onProgress }),
      );
    return {
      version: 2,
      at: new Date().toISOString(),
      machine: { ...machine, busyAfter: busyNow() },
      versions,
      generator: { kind: tools.kind, reason: tools.reason },
      quick: options.quick,
      rounds,
      seconds: (performance.now() - startedAt) / 1000,
      absent,
      scenarios: results,
    };
  } finally {
    await Promise.all(entrants.map(({ running }) => running.stop()));
    await tools.stop();
    issued.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Until its code is compiled as it will stay: compiling costs as much as what is measured. */
async function warmUp(
  entrant: Entrant,
  tools: Tools,
  ms: number,
  onProgress: (text: string) => void,
): Promise<void> {
  const { name, slow, compiles } = entrant.candidate;
  if (ms === 0 || !compiles) return;
  onProgress(`warming up ${name}`);
  for (const shape of ['json', 'stream-64-0'] as const) {
    try {
      const asked = await entrant.asked(shape, 2048);
      const connections = slow ? 4 : 32;
      await tools.load.run<RunResult>({ ...asked, kind: 'closed', connections, ms });
    } catch {
      // What is wrong is told by the first scenario that asks for the same.
      await tools.reset();
    }
  }
}
