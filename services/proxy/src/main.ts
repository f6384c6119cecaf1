import {
  createLifecycle,
  createLogger,
  describeConfig,
  loadConfig,
  runMain,
} from '@wakefield/runtime';
import { compose } from './compose.ts';
import { configSchema } from './config.ts';

/** For closing what is left after the drain. */
const afterDrainMs = 5000;

await runMain(async () => {
  const config = loadConfig(configSchema, process.env);
  const logger = createLogger({ service: 'proxy', level: config.logLevel });
  const lifecycle = createLifecycle({ logger, totalTimeoutMs: config.drainMs + afterDrainMs });
  logger.info({ config: describeConfig(config) }, 'starting');
  lifecycle.announceReady(await compose(config, logger, lifecycle));
});
