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
  // Not before runMain has looked at Node's version: undici throws under an old one while it is read.
  const { compose } = await import('./compose.ts');
  lifecycle.announceReady(await compose(config, logger, lifecycle));
});
