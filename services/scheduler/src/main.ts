import {
  createLifecycle,
  createLogger,
  describeConfig,
  loadConfig,
  runMain,
} from '@wakefield/runtime';
import { compose } from './compose.ts';
import { configSchema } from './config.ts';

await runMain(async () => {
  const config = loadConfig(configSchema, process.env);
  const logger = createLogger({ service: 'scheduler', level: config.logLevel });
  const lifecycle = createLifecycle({ logger, totalTimeoutMs: config.shutdownTimeoutMs });
  logger.info({ config: describeConfig(config) }, 'starting');
  const scheduler = await compose(config, logger, lifecycle);
  lifecycle.announceReady({ url: null, opsUrl: scheduler.opsUrl });
});
