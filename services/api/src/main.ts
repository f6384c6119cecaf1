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
  const logger = createLogger({ service: 'api', level: config.logLevel });
  const lifecycle = createLifecycle({ logger, totalTimeoutMs: config.shutdownTimeoutMs + 2_000 });
  logger.info({ config: describeConfig(config) }, 'starting');
  const api = await compose(config, logger, lifecycle);
  lifecycle.announceReady(api);
});
