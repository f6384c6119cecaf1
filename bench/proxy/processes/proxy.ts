import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createStaticKeyIdentifier } from '../../../packages/auth/src/index.ts';
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

/** One proxy to be measured: `proxy.ts <kind> <engine port>`. */
const [kind = '', engine = ''] = process.argv.slice(2);
const enginePort = Number(engine);
const port = kind === 'wakefield' ? await startWakefield() : await startBareProxy(kind, enginePort);
serveQuestions(() => port);

/**
 * The proxy as it runs, with its settings of production, its log line per request and its records of usage on the
 * disk. Only the stores are in memory: on the way of a request there are none.
 */
async function startWakefield(): Promise<number> {
  const world = createWorld(benchKey);
  world.route(readyModel, { state: 'ready', idle: false, endpoints: [endpoint(enginePort)] });
  world.route(sleepingModel, {});
  const config = configSchema.parse({
    DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none',
    REDIS_URL: 'redis://127.0.0.1:9',
    API_URL: 'http://127.0.0.1:9',
    API_LOCAL_KEY: benchKey,
    MAX_HELD_PER_MODEL: '100000',
    MAX_HELD: '100000',
  });
  const logger = createLogger({
    service: 'proxy',
    level: config.logLevel,
    destination: turnBatch(),
  });
  const usage = await startSpool(logger);
  const proxy = createProxy(
    { ...world.ports, usage, identifier: createStaticKeyIdentifier(benchKey) },
    settingsOf(config, 'bench', '0'),
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
    now: Date.now,
  });
  await spool.start();
  return spool.meter;
}
