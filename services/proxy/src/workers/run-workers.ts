import {
  createHealth,
  type Lifecycle,
  type Logger,
  type ReadyMessage,
  startOpsServer,
} from '@wakefield/runtime';
import type { Config } from '../config.ts';
import { createCrew } from './crew.ts';
import { createCrewFigures } from './crew-figures.ts';

/** A worker that stands still must not keep the figures of the others: what it told last counts. */
const askMs = 1000;
/** What closing takes beside the drain. */
const closeMs = 4000;

/**
 * The proxy as several processes: this one deals out connections, starts workers that end, and speaks for all of them
 * on the ops port.
 */
export async function runWorkers(
  config: Config,
  logger: Logger,
  lifecycle: Lifecycle,
): Promise<ReadyMessage> {
  const crew = createCrew(config.workers, logger);
  const readiness = createHealth();
  readiness.add('workers', async (signal) => {
    const answers = await askAll(crew.opsUrls(), '/readyz', signal);
    if (answers.size === 0) throw new Error('no worker is ready');
  });
  const metrics = createCrewFigures(
    () => new Set(crew.opsUrls().keys()),
    () => askAll(crew.opsUrls(), '/metrics', AbortSignal.timeout(askMs)),
  );
  const ops = await startOpsServer({ ...config.ops, metrics, readiness, lifecycle, logger });
  lifecycle.onClose('ops server', () => ops.close());
  const stopMs = config.drainDelayMs + config.drainMs + closeMs;
  lifecycle.hurry.addEventListener('abort', () => void crew.stop(), { once: true });
  lifecycle.onClose('workers', () => crew.stop(), stopMs);
  const url = await crew.start();
  logger.info({ workers: config.workers }, 'every worker is ready');
  return { url, opsUrl: ops.url };
}

/** @returns what those answered that answered well, in time */
async function askAll(
  urls: ReadonlyMap<number, string>,
  path: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, string>> {
  const headers = { accept: 'application/json' };
  const answers = new Map<number, string>();
  await Promise.allSettled(
    [...urls].map(async ([id, url]) => {
      const answer = await fetch(url + path, { headers, signal });
      if (answer.ok) answers.set(id, await answer.text());
    }),
  );
  return answers;
}
