import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bare, wakefield } from './candidates/in-node.ts';
import { coresHere } from './cores.ts';
import type { Entrant } from './entrant.ts';
import { start } from './field.ts';
import { startTools } from './load/tools.ts';
import { runScenario } from './rounds.ts';
import { saturatedAnswers } from './scenarios/answers.ts';
import { saturatedStreams } from './scenarios/streams.ts';

/** CPU of ours as a multiple of node:http's in the same run, by scenario. */
export type Ratios = Readonly<Record<string, number>>;

/** What `guard.json` keeps. */
export interface Recorded {
  readonly at: string;
  readonly node: string;
  readonly ratios: Ratios;
}

export interface GuardOptions {
  readonly version: string;
  readonly rounds: number;
  readonly ms: number;
  readonly warmUpMs: number;
  readonly onProgress: (text: string) => void;
}

/** A ratio may be this many times the recorded one. */
const worst = 1.25;
const baseline = 'node:http';
const figures = ['CPU µs/request', 'CPU µs/stream'];
const file = new URL('guard.json', import.meta.url);

/** Half a minute or so. Engine and generator are those in Node, so that it is the same on a machine without a compiler. */
export async function measureRatios(options: GuardOptions): Promise<Ratios> {
  const { rounds, ms, warmUpMs, version, onProgress } = options;
  const cores = coresHere();
  const folder = await mkdtemp(join(tmpdir(), 'wakefield-guard-'));
  const tools = await startTools(folder, cores, 'Node');
  const field = { enginePort: tools.engine.port, cores, folder };
  const bench = { tools, cores };
  const entrants: Entrant[] = [];
  try {
    for (const candidate of [bare(baseline), wakefield({ version })])
      entrants.push(await start(candidate, field));
    const ratios: Record<string, number> = {};
    for (const make of [(each: number) => saturatedAnswers(2048, each), saturatedStreams]) {
      // Until the code is compiled; nothing of it counts.
      for (const entrant of entrants) await make(warmUpMs).run(entrant, bench);
      const with_ = { rounds, field, bench, baselines: [baseline], onProgress };
      const { name, results, failures } = await runScenario(make(ms), entrants, with_);
      if (failures[0] !== undefined)
        throw new Error(`${failures[0].candidate}: ${failures[0].reason}`);
      const ours = results.find(
        (one) => one.candidate === 'wakefield' && figures.includes(one.figure),
      );
      ratios[name] = ours?.ratio?.median ?? Number.NaN;
    }
    return ratios;
  } finally {
    await Promise.all(entrants.map(({ running }) => running.stop()));
    await tools.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** What has become worse than it may, a line each. */
export function worsened(recorded: Ratios, now: Ratios): readonly string[] {
  return Object.entries(recorded).flatMap(([name, before]) => {
    const { [name]: after = Number.NaN } = now;
    if (after <= before * worst) return [];
    const percent = Math.round((after / before - 1) * 100);
    return [
      `${name}: ${after.toFixed(2)} × node:http instead of the recorded ${before.toFixed(2)} (${percent} % worse; ${Math.round(
        (worst - 1) * 100,
      )} % are allowed)`,
    ];
  });
}

/**
 * Compares with what is recorded; what seems worse is measured once more, because machines have bad moments.
 * @returns what was measured, the better of both runs where there were two, and what has become worse
 */
export async function guard(
  recorded: Ratios,
  measured: () => Promise<Ratios>,
  onProgress: (text: string) => void,
): Promise<{ readonly found: Ratios; readonly problems: readonly string[] }> {
  const first = await measured();
  const doubts = worsened(recorded, first);
  if (doubts.length === 0) return { found: first, problems: [] };
  for (const line of doubts) onProgress(`${line}; once more`);
  const second = await measured();
  // What is worse in one run only is the machine's doing.
  const better = Object.keys(recorded).map((name): [string, number] => [
    name,
    Math.min(first[name] ?? Number.NaN, second[name] ?? Number.NaN),
  ]);
  const found = Object.fromEntries(better);
  return { found, problems: worsened(recorded, found) };
}

/** `--guard [--record]`: ends with code 1 where ours has become dearer. */
export async function runGuard(options: GuardOptions, record: boolean): Promise<void> {
  const measured = (): Promise<Ratios> => measureRatios(options);
  if (record) {
    const recorded: Recorded = {
      at: new Date().toISOString().slice(0, 10),
      node: process.versions.node,
      ratios: rounded(await measured()),
    };
    await writeFile(file, `${JSON.stringify(recorded, null, 2)}\n`);
    console.log(`Recorded in bench/proxy/guard.json: ${said(recorded.ratios)}`);
    return;
  }
  const recorded = JSON.parse(await readFile(file, 'utf8')) as Recorded;
  const { found, problems } = await guard(recorded.ratios, measured, options.onProgress);
  console.log(
    `CPU beside node:http: ${said(found)}. Recorded ${recorded.at}: ${said(recorded.ratios)}.`,
  );
  if (problems.length === 0) return;
  for (const problem of problems) console.error(problem);
  console.error(
    'The proxy has become dearer. `npm run bench -- --profile FOLDER` shows where; if it is meant to be so, record it on a' +
      ' machine at rest with `npm run bench -- --guard --record`, and say why in the commit.',
  );
  process.exitCode = 1;
}

const rounded = (ratios: Ratios): Ratios =>
  Object.fromEntries(
    Object.entries(ratios).map(([name, ratio]) => [name, Number(ratio.toFixed(3))]),
  );

const said = (ratios: Ratios): string =>
  Object.entries(ratios)
    .map(([name, ratio]) => `${name} ${ratio.toFixed(2)} ×`)
    .join(', ');
