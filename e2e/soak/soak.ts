import { openStoreWindow, type StoreWindow } from '@wakefield/testkit';
import type { Strike } from '../faults/blame.ts';
import { settledBooks } from '../faults/books.ts';
import { privateSlurm } from '../faults/clusters.ts';
import { footprintOf, leftBehind } from '../faults/footprint.ts';
import { ledgerOf } from '../faults/ledger.ts';
import { type PlugName, type PlugSite, plugs } from '../faults/plugs.ts';
import { controllerDeaths } from '../faults/run-fault.ts';
import { servedBy } from '../faults/served-by.ts';
import { modelsOf, modelsSql } from '../faults/site.ts';
import { strike } from '../faults/strike.ts';
import { eventually, pause, startWakefield, type Wakefield } from '../wakefield.ts';
import { probeEngines } from './direct.ts';
import { registrationOf, soakModels } from './models.ts';
import { watchProcesses } from './process-watch.ts';
import type { SoakResult } from './report.ts';
import { startTraffic } from './traffic.ts';

export interface SoakOptions {
  readonly minutes: number;
  /** Requests a second over all models. */
  readonly rate: number;
  /** What may be struck. */
  readonly faults: readonly PlugName[];
  readonly seed: number;
  /** Of everything that runs; left to the caller. */
  readonly directory: string;
  readonly say: (line: string) => void;
}

/** From the end of one fault to the next, more or less. */
const calmMs = 35_000;
const startArguments = ['--slurm', '--api', '2', '--scheduler', '2', '--proxy', '2'];

/** Starts everything as its users do, lives through it, and ends it again. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const { say, directory } = options;
  say(`starting Wakefield (seed ${options.seed})`);
  const wakefield = await startWakefield({ args: startArguments, directory });
  try {
    const { databaseUrl, redisUrl } = await wakefield.runFile();
    const stores = openStoreWindow({ databaseUrl, redisUrl });
    try {
      await wakeAll(wakefield, say);
      return await liveThrough(wakefield, stores, options);
    } finally {
      await stores.close();
    }
  } finally {
    await wakefield.stop();
  }
}

async function wakeAll(wakefield: Wakefield, say: (line: string) => void): Promise<void> {
  for (const model of soakModels)
    await succeed(wakefield.call('PUT', '/p/demo/models', registrationOf(model)));
  for (const { model } of soakModels)
    await succeed(wakefield.call('POST', '/p/demo/models', { hf_model_id: model }));
  await eventually(
    'every model to serve',
    async () => {
      const { body } = await wakefield.call('GET', '/p/demo/models');
      const states = (body as { hf_model_id: string; state: string }[])
        .filter(({ hf_model_id }) => hf_model_id.startsWith('soak/'))
        .map(({ state }) => state);
      return states.length === soakModels.length && states.every((state) => state === 'ready');
    },
    120_000,
  );
  say('every model serves');
}

/** Connections that clients have left idle end after 65 s, those that a fault has broken off after 35 s. */
const restMs = 120_000;

async function liveThrough(
  wakefield: Wakefield,
  stores: StoreWindow,
  options: SoakOptions,
): Promise<SoakResult> {
  const { minutes, rate, say } = options;
  const models = async () => modelsOf(await stores.rows(modelsSql));
  const site = { wakefield, stores, cluster: privateSlurm, models };
  const before = await countsOf(site);
  const footprint = await footprintOf(site);
  const traffic = startTraffic(wakefield, soakModels, rate);
  const direct = probeEngines(stores);
  const watch = watchProcesses(() => processesOf(wakefield));
  const telling = setInterval(() => {
    const failed = traffic.records.filter(({ whole }) => !whole).length;
    const notWhole =
      failed === 0 ? 'all whole' : `${failed} not whole (by whose fault: at the end)`;
    say(`${traffic.records.length} requests, ${notWhole}`);
  }, 60_000);
  const strikes = await strikeUntil(Date.now() + minutes * 60_000, site, options);
  clearInterval(telling);
  direct.stop();
  watch.stop();
  say('waiting for the last answers');
  await traffic.stop();
  const { books } = await settledBooks(site, controllerDeaths(strikes));
  const left = await leftBehind(site, footprint, 'all', restMs);
  const after = await countsOf(site);
  const failed = traffic.records.filter(({ whole }) => !whole).map(({ id }) => id);
  return {
    minutes,
    rate,
    books,
    left,
    records: traffic.records,
    lateMs: traffic.lateMs,
    strikes,
    servedBy: await servedBy(wakefield, failed),
    directMs: direct.firstByteMs,
    handovers: after.handovers - before.handovers,
    intents: after.intents - before.intents,
    taken: after.taken - before.taken,
    samples: watch.samples,
  };
}

/** One fault after the other, with calm between them; the last calm is left for what is then under way. */
async function strikeUntil(
  until: number,
  site: PlugSite,
  { faults, seed, say }: SoakOptions,
): Promise<readonly Strike[]> {
  const strikes: Strike[] = [];
  const next = chance(seed);
  while (faults.length > 0 && Date.now() + 2 * calmMs < until) {
    await pause(calmMs * (0.7 + 0.6 * next()));
    const name = faults[Math.floor(next() * faults.length)];
    const plug = plugs.find((one) => one.name === name);
    if (plug === undefined) break;
    const kinds = (['kill', 'stop'] as const).filter((kind) => plug.ways[kind] !== undefined);
    const kind = kinds[Math.floor(next() * kinds.length)] ?? 'kill';
    const struck = await strike(site, plug, kind);
    await struck.whole;
    strikes.push(struck.strike);
    const { struckAt, overAt } = struck.strike;
    say(`${plug.name} ${kind}: over after ${((overAt - struckAt) / 1_000).toFixed(1)} s`);
  }
  await pause(Math.max(0, until - Date.now()));
  return strikes;
}

/** Mulberry32: the same faults for the same seed. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function processesOf(wakefield: Wakefield) {
  const { services, pid } = await wakefield.runFile();
  const named = Object.entries(services).flatMap(([name, list]) =>
    list.map(({ pid: its, opsUrl }) => ({ name, pid: its, opsUrl })),
  );
  return [...named, { name: 'npm start', pid, opsUrl: null }];
}

/** Jobs that were intended, handovers that came about, and submissions that the controller took, so far. */
async function countsOf({ stores, wakefield }: PlugSite) {
  const [row] = await stores.rows(
    `select count(*)::int as intents,
       count(*) filter (where successor_of is not null and ready_at is not null)::int as handovers from jobs`,
  );
  const { taken } = await ledgerOf(wakefield);
  return {
    intents: Number(row?.intents),
    handovers: Number(row?.handovers),
    taken: taken.length,
  };
}

async function succeed(call: Promise<{ readonly status: number; readonly body: unknown }>) {
  const { status, body } = await call;
  if (status >= 300) throw new Error(`${status} ${JSON.stringify(body)}`);
}
