// Child process: a worker of `reconcile` that takes a job and never ends it, for tests that kill workers or their
// Redis. argv: Redis URL, installation. Prints `ready`, then the id of each job that it takes. SIGTERM closes it.
import { consume, openRedis } from '@wakefield/queue';

const [url = '', installation = ''] = process.argv.slice(2);
const quiet = () => undefined;
const redis = await openRedis({
  url,
  installation,
  log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
});
const worker = consume(redis, 'reconcile', {
  model: async (id) => {
    process.stdout.write(`${id}\n`);
    await new Promise(() => undefined);
  },
});
process.once('SIGTERM', async () => {
  await worker.close();
  await redis.close();
  process.exit(0);
});
await worker.ready();
process.stdout.write('ready\n');
