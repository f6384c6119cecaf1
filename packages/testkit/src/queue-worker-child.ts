// Child process: a worker of `reconcile` that takes a job and never ends it, for tests that kill workers.
// argv: Redis URL, installation. Prints the id of each job that it takes.
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
await worker.ready();
