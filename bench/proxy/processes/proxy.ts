import { createStaticKeyIdentifier } from '../../../packages/auth/src/index.ts';
import { createLogger, createMetrics, turnBatch } from '../../../packages/runtime/src/index.ts';
import { configSchema } from '../../../services/proxy/src/config.ts';
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
 * The proxy as it runs, with its settings of production and its log line per request. Only the stores are in
 * memory: on the way of a request there are none.
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
  const proxy = createProxy(
    { ...world.ports, identifier: createStaticKeyIdentifier(benchKey) },
    settingsOf(config, 'bench', '0'),
    createLogger({ service: 'proxy', level: config.logLevel, destination: turnBatch() }),
    createMetrics({ service: 'proxy' }),
  );
  const found = await proxy.listen({ host: '127.0.0.1', port: 0 });
  await proxy.start();
  return found;
}
