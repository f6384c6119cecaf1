import cluster from 'node:cluster';
import {
  createLifecycle,
  createLogger,
  describeConfig,
  loadConfig,
  runMain,
  turnBatch,
} from '@wakefield/runtime';
import { configSchema } from './config.ts';

/** For closing what is left after the drain. */
const afterDrainMs = 5000;

await runMain(async () => {
  const config = loadConfig(configSchema, process.env);
  const destination = turnBatch();
  const logger = createLogger({ service: 'proxy', level: config.logLevel, destination });
  const lifecycle = createLifecycle({
    logger,
    totalTimeoutMs: config.drainDelayMs + config.drainMs + afterDrainMs,
  });
  logger.info({ config: describeConfig(config) }, 'starting');
  // Not before runMain has looked at Node's version: some libraries throw under an old one while they are read.
  const isOneOfSeveral = cluster.isWorker;
  const run =
    config.workers === 1 || isOneOfSeveral
      ? (await import('./compose.ts')).compose
      : (await import('./workers/run-workers.ts')).runWorkers;
  // Workers tell of themselves to the process above them, which has the port that is known.
  const own = isOneOfSeveral ? { ...config, ops: { host: '127.0.0.1', port: 0 } } : config;
  lifecycle.announceReady(await run(own, logger, lifecycle));
});
