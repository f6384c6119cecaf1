import { availableParallelism } from 'node:os';
import { type Child, canPin, startChild } from '../child/start-child.ts';
import { type Figures, summarise } from './figures.ts';
import type { Report } from './report.ts';
import { type Scenario, scenarios, type Target, warmUp } from './scenarios.ts';

export interface MeasureOptions {
  readonly quick: boolean;
  readonly rounds: number;
  /** Only scenarios whose name contains this. */
  readonly only: string;
  /** Folder for a CPU profile of the proxy; null: none. */
  readonly profile: string | null;
  /** Told what is being done. */
  readonly onProgress: (text: string) => void;
}

const baseline = 'undici';
const direct = 'direct';

/** Measures the proxy beside bare ones and beside the engine itself. Leaves no process behind. */
export async function measure(options: MeasureOptions): Promise<Report> {
  const cores = availableParallelism();
  const pinned = canPin && cores >= 2;
  const [proxyCpu, otherCpu] = pinned ? [0, 1] : [null, null];
  const children: Child[] = [];
  const start = async (name: string, args: string[], cpu: number | null, more: string[] = []) => {
    const child = await startChild(
      new URL(`processes/${name}.ts`, import.meta.url),
      args,
      cpu,
      more,
    );
    children.push(child);
    return child;
  };
  try {
    const load = await start('load', [], otherCpu);
    const engine = await start('engine', [], otherCpu);
    const enginePort = await engine.ask<number>({ kind: 'port' });
    const open = async (name: string): Promise<Target> => {
      const profiled = name === 'wakefield' && options.profile !== null;
      const more = profiled ? ['--cpu-prof', `--cpu-prof-dir=${options.profile}`] : [];
      const child = await start('proxy', [name, String(enginePort)], proxyCpu, more);
      return { name, port: await child.ask<number>({ kind: 'port' }), child };
    };
    const targets: Target[] = [{ name: direct, port: enginePort, child: engine }];
    for (const name of ['node:http', baseline, 'wakefield']) targets.push(await open(name));
    for (const target of options.quick ? [] : targets) {
      options.onProgress(`warming up ${target.name}`);
      await warmUp(target, load);
    }
    const chosen = scenarios(options.quick).filter(({ name }) => name.includes(options.only));
    const results: Report['scenarios'][number][] = [];
    for (const scenario of chosen) {
      const rounds = await runRounds(scenario, targets, { load, open }, options);
      const { name, about } = scenario;
      results.push({ name, about, results: summarise(rounds, baseline, direct) });
    }
    return {
      version: 1,
      at: new Date().toISOString(),
      node: process.versions.node,
      machine: { cores, arch: process.arch, platform: process.platform, pinned },
      quick: options.quick,
      rounds: options.rounds,
      baseline,
      scenarios: results,
    };
  } finally {
    await Promise.all(children.map((child) => child.stop()));
  }
}

/** Everybody in turn, round by round, each round starting with another: a busy moment hits all alike. */
async function runRounds(
  scenario: Scenario,
  targets: readonly Target[],
  { load, open }: { readonly load: Child; readonly open: (name: string) => Promise<Target> },
  { rounds, onProgress }: MeasureOptions,
): Promise<Record<string, Figures>[]> {
  const takingPart = targets.filter((target) => scenario.takes(target));
  const all: Record<string, Figures>[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    onProgress(`${scenario.name}: round ${round} of ${rounds}`);
    const turn = round % takingPart.length;
    const found: Record<string, Figures> = {};
    for (const target of [...takingPart.slice(turn), ...takingPart.slice(0, turn)]) {
      const used = scenario.fresh ? await open(target.name) : target;
      found[target.name] = await scenario.run(used, load);
      if (used !== target) await used.child.stop();
    }
    const inOrder = takingPart.map(({ name }) => [name, found[name] ?? {}] as const);
    all.push(Object.fromEntries(inOrder));
  }
  return all;
}
