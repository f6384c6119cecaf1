import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pinned } from '../child/pinned.ts';
import { type LineChild, startLineChild } from '../child/start-line-child.ts';
import { wakefield } from '../proxy/candidates/in-node.ts';
import { type Cores, coresHere } from '../proxy/cores.ts';
import type { Entrant } from '../proxy/entrant.ts';
import { start } from '../proxy/field.ts';
import type { RunResult } from '../proxy/load/orders.ts';
import { startTools, type Tools } from '../proxy/load/tools.ts';
import { machineHere, ownVersion } from '../proxy/machine.ts';
import { type Abuse, abusesOf, type Patience } from './abuses.ts';
import { heldNow } from './connections-of.ts';
import type { AttackOrder, Standing } from './processes/attacker.ts';
import { endOf } from './report.ts';
import { watch } from './watch.ts';

export interface AbuseOptions {
  readonly patience: Patience;
  /** Connections at once, at most. */
  readonly most: number;
  /** Only abuses whose name contains this. */
  readonly only: string;
  /** Of those who behave. */
  readonly perSecond: number;
  /** How long they are measured alone. */
  readonly aloneMs: number;
  /** Whether the proxy's front takes part. */
  readonly fastPath: boolean;
  readonly onProgress: (text: string) => void;
}

/** What became of one abuse. */
export interface Outcome {
  readonly name: string;
  readonly bound: string;
  /** That it was to have. Some are not there in time where the kernel's queue of new ones runs over. */
  readonly connections: number;
  readonly standing: Standing;
  /** Connections that the proxy held when it was over. NaN where the system does not tell. */
  readonly held: number;
  /** By its bound, from when the first was opened. */
  readonly overAfterS: number;
  /** From when all had been opened until the proxy held none; null: it still did long after its bound. */
  readonly goneAfterS: number | null;
  /** When all were opened, and when it is over, over what the process had before; bytes. */
  readonly memory: { readonly during: number; readonly after: number };
  readonly cpuSeconds: number;
  readonly alone: RunResult;
  /** null: they were not all served, because of `failure`. */
  readonly beside: RunResult | null;
  readonly failure: string | null;
  /** How long it was watched. */
  readonly seconds: number;
}

export interface AbuseReport {
  readonly version: 1;
  readonly at: string;
  readonly wakefield: string;
  readonly machine: ReturnType<typeof machineHere>;
  readonly patience: Patience;
  readonly most: number;
  readonly perSecond: number;
  readonly outcomes: readonly Outcome[];
}

/** One abuse after the other, each at a proxy of its own, beside clients who behave. Leaves no process behind. */
export async function measure(options: AbuseOptions): Promise<AbuseReport> {
  const cores = coresHere();
  const machine = machineHere(cores);
  const folder = await mkdtemp(join(tmpdir(), 'wakefield-bench-'));
  const tools = await startTools(folder, cores);
  const chosen = abusesOf(options.patience, options.most).filter(({ name }) =>
    name.includes(options.only),
  );
  const outcomes: Outcome[] = [];
  try {
    for (const abuse of chosen) {
      options.onProgress(`${abuse.name}: ${abuse.connections} connections, ${abuse.overAfter} s`);
      const outcome = await measureOne(abuse, options, { tools, cores, folder });
      outcomes.push(outcome);
      options.onProgress(`  ${endOf(outcome)}`);
    }
  } finally {
    await tools.stop();
    await rm(folder, { recursive: true, force: true });
  }
  return {
    version: 1,
    at: new Date().toISOString(),
    wakefield: ownVersion(),
    machine,
    patience: options.patience,
    most: options.most,
    perSecond: options.perSecond,
    outcomes,
  };
}

interface Place {
  readonly tools: Tools;
  readonly cores: Cores;
  readonly folder: string;
}

async function measureOne(abuse: Abuse, options: AbuseOptions, place: Place): Promise<Outcome> {
  const { tools, cores, folder } = place;
  const { patience, most, fastPath } = options;
  const texts = Object.entries(patience).map(([name, value]) => [name, String(value)]);
  const environment = {
    ...Object.fromEntries(texts),
    MAX_CONNECTIONS: String(most + 1000),
    ...abuse.environment,
  };
  const candidate = wakefield({ version: '', fastPath, environment });
  const field = { enginePort: tools.engine.port, cores, folder };
  const entrant = await start(candidate, field);
  const attacker = await startAttacker(cores);
  try {
    return await attack(abuse, options, { entrant, attacker, tools });
  } finally {
    await attacker.stop();
    await entrant.running.stop();
    await tools.reset();
  }
}

/** Opened this fast, so that a queue of connections that nobody has accepted yet is not what is measured. */
const opensPerSecond = 5000;
const lookEveryMs = 500;
/** A machine that is busy may be late: what is still held is watched for so long beyond its bound. */
const marginMs = 60_000;

async function attack(
  { name, deed, connections, bound, overAfter }: Abuse,
  { perSecond, aloneMs }: AbuseOptions,
  { entrant, attacker, tools }: { entrant: Entrant; attacker: LineChild; tools: Tools },
): Promise<Outcome> {
  const { running } = entrant;
  const asked = await entrant.asked('json', 2048);
  const honest = (ms: number): Promise<RunResult> =>
    tools.load.run<RunResult>({ ...asked, kind: 'open', perSecond, ms });
  const order = (what: AttackOrder): Promise<Standing> => attacker.ask(JSON.stringify(what));
  // Its code is compiled meanwhile.
  await honest(aloneMs);
  const alone = await honest(aloneMs);
  const before = await running.residentBytes();
  const cpuBefore = await running.cpuMicros();
  const startedAt = performance.now();
  const spreadMs = (connections * 1000) / opensPerSecond;
  let failure: string | null = null;
  const besides = honest(spreadMs + overAfter * 1000).catch((error: Error) => {
    failure = error.message;
    return null;
  });
  let standing = await order({
    ...{ kind: 'begin', port: running.port, deed, connections, spreadMs },
  });
  const openedAt = performance.now();
  const during = (await running.residentBytes()) - before;
  const { held, goneAfterMs } = await watch({
    look: async () => {
      standing = await order({ kind: 'look' });
      return heldNow(running.port, new Set(standing.ports));
    },
    everyMs: lookEveryMs,
    leastMs: startedAt + spreadMs + overAfter * 1000 - openedAt,
    marginMs,
    now: () => performance.now(),
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  });
  const beside = await besides;
  const cpuSeconds = ((await running.cpuMicros()) - cpuBefore) / 1e6;
  await order({ kind: 'end' });
  const after = (await running.residentBytes()) - before;
  const seconds = (performance.now() - startedAt) / 1000;
  const memory = { during, after };
  const goneAfterS = goneAfterMs === null ? null : goneAfterMs / 1000;
  return {
    name,
    bound,
    connections,
    standing: { ...standing, ports: [] },
    held,
    overAfterS: overAfter + spreadMs / 1000,
    goneAfterS,
    memory,
    cpuSeconds,
    alone,
    beside,
    failure,
    seconds,
  };
}

/** It has as many connections as the proxy, and shares the core of those who behave. */
function startAttacker(cores: Cores): Promise<LineChild> {
  const flags = ['--conditions=source', '--disable-warning=ExperimentalWarning'];
  const file = fileURLToPath(new URL('./processes/attacker.ts', import.meta.url));
  return startLineChild(pinned(cores.load, [process.execPath, ...flags, file]), process.cwd());
}
