import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAuthFile, openAuth, withoutAuthFile } from '../../../packages/auth/src/index.ts';
import {
  defaultLimitRules,
  type LimitRules,
  type RequestLimits,
} from '../../../packages/domain/src/index.ts';
import {
  createLogger,
  createMetrics,
  type Logger,
  turnBatch,
} from '../../../packages/runtime/src/index.ts';
import { configSchema } from '../../../services/proxy/src/config.ts';
import type { UsageMeter } from '../../../services/proxy/src/metering/meter.ts';
import { createUsageSpool } from '../../../services/proxy/src/metering/spool.ts';
import { createProxy } from '../../../services/proxy/src/proxy.ts';
import { settingsOf } from '../../../services/proxy/src/settings.ts';
import { createWorld, endpoint } from '../../../services/proxy/test/world.ts';
import { serveQuestions } from '../../child/serve-questions.ts';
import { benchKey, readyModel, sleepingModel } from '../wire.ts';
import { startBareProxy } from './bare.ts';

/** What the proxy under test knows of. */
export interface WakefieldOptions {
  /** false: `FAST_PATH=off`. */
  readonly fastPath: boolean;
  /** Ready models: the usual one, and `org/model-<n>` from 1 on. */
  readonly models: number;
  /** Engines of each of them. */
  readonly endpoints: number;
  /** auth.yaml of issuers whose users may come in beside the key; null: none. */
  readonly authFile: string | null;
  /** Settings of its own, beside those of the benchmark. */
  readonly environment: Readonly<Record<string, string>>;
}

/** A limit, or a capacity, that is counted with and never reached. */
const farAway = 1_000_000_000;
const everyLimit: RequestLimits = {
  requestsPerMinute: farAway,
  tokensPerMinute: farAway,
  concurrentRequests: farAway,
};
const scope = { defaults: everyLimit, named: new Map<string, RequestLimits>() };
/** Every request is counted with all limits that there are. */
const limits: LimitRules = {
  ...defaultLimitRules,
  scopes: { principal: scope, project: scope, model: scope },
};

/** One proxy to be measured: `proxy.ts <kind> <engine port> [options]`. */
const [kind = '', engine = '', options = '{}'] = process.argv.slice(2);
const enginePort = Number(engine);
try {
  const port =
    kind === 'wakefield'
      ? await startWakefield(JSON.parse(options) as WakefieldOptions)
      : await startBareProxy(kind, enginePort);
  serveQuestions(() => port);
} catch (error) {
  process.send?.({ error: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
  process.disconnect();
}

/**
 * The proxy as it runs, with its settings of production, its log line per request and its records of usage on the
 * disk. Only the stores are in memory: on the way of a request there are none.
 */
async function startWakefield(wanted: WakefieldOptions): Promise<number> {
  const world = createWorld(benchKey);
  const names = [
    readyModel,
    ...Array.from({ length: wanted.models - 1 }, (_, n) => `${readyModel}-${n + 1}`),
  ];
  for (const name of names) {
    const endpoints = Array.from({ length: wanted.endpoints }, () => ({
      ...endpoint(enginePort),
      capacity: farAway,
    }));
    world.route(name, { state: 'ready', idle: false, endpoints });
  }
  world.route(sleepingModel, {});
  const config = configOf(wanted);
  const logger = createLogger({
    service: 'proxy',
    level: config.logLevel,
    destination: turnBatch(),
  });
  const auth = openAuth({
    file: wanted.authFile === null ? withoutAuthFile : await loadAuthFile(wanted.authFile),
    localKey: benchKey,
    // Nobody signs in with a browser here.
    sessions: unused(),
    sessionSeconds: 0,
    now: Date.now,
    log: logger,
  });
  const usage = await startSpool(logger);
  const proxy = createProxy(
    { ...world.ports, usage, identifier: auth.identifier },
    settingsOf(config, 'bench', '0', limits),
    logger,
    createMetrics({ service: 'proxy' }),
  );
  const found = await proxy.listen({ host: '127.0.0.1', port: 0 });
  await proxy.start();
  return found;
}

/** Read again and shipped like every other, to a store that takes everything at once. */
async function startSpool(logger: Logger): Promise<UsageMeter> {
  const root = mkdtempSync(join(tmpdir(), 'wakefield-bench-usage-'));
  process.once('exit', () => rmSync(root, { recursive: true, force: true }));
  const spool = createUsageSpool({
    root,
    maxBytes: 1024 ** 3,
    store: { add: async (records) => records.length },
    logger,
    dropped: (reason) => {
      throw new Error(`records are dropped: ${reason}`);
    },
    setAside: () => {
      throw new Error('a file of the spool cannot be read');
    },
    now: Date.now,
  });
  await spool.start();
  return spool.meter;
}

function unused<T extends object>(): T {
  return new Proxy({} as T, {
    get: () => {
      throw new Error('nobody should have asked');
    },
  });
}

/** @throws Error where the proxy has no fast path to be switched off */
function configOf({
  fastPath,
  environment: own,
}: Pick<WakefieldOptions, 'fastPath' | 'environment'>): ReturnType<typeof configSchema.parse> {
  const environment = {
    DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none',
    REDIS_URL: 'redis://127.0.0.1:9',
    API_URL: 'http://127.0.0.1:9',
    API_LOCAL_KEY: benchKey,
    MAX_HELD_PER_MODEL: '100000',
    MAX_HELD: '100000',
    ...own,
  };
  const config = configSchema.parse(environment);
  if (fastPath) return config;
  const without = configSchema.parse({ ...environment, FAST_PATH: 'off' });
  if (JSON.stringify(without) === JSON.stringify(config))
    throw new Error('this proxy has no FAST_PATH to be switched off');
  return without;
}
