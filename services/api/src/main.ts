import {
  createLifecycle,
  createLogger,
  describeConfig,
  loadConfig,
  runMain,
  turnBatch,
} from '@wakefield/runtime';
import { compose } from './compose.ts';
import { configSchema } from './config.ts';

await runMain(async () => {
  const config = loadConfig(configSchema, process.env);
  // As the proxy's: a log that cannot be written must not end the process.
  const destination = turnBatch();
  const logger = createLogger({ service: 'api', level: config.logLevel, destination });
  const lifecycle = createLifecycle({ logger, totalTimeoutMs: config.shutdownTimeoutMs + 2_000 });
  logger.info({ config: describeConfig(config) }, 'starting');
  const api = await compose(config, logger, lifecycle);
  lifecycle.announceReady(api);
});
