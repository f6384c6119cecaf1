import { createDemandBoard, openRedis } from '@wakefield/queue';
import { captureLog } from './queue-fixture.ts';

/** What the proxies of a running Wakefield tell of their requests, summed as the scheduler sums it. */
export interface DemandWindow {
  /** Running and held requests of a model; null while a part of them may be missing. */
  of(modelId: string): Promise<{ readonly running: number; readonly held: number } | null>;
  close(): Promise<void>;
}

export async function openDemandWindow(running: {
  readonly redisUrl: string;
  readonly installation: string;
}): Promise<DemandWindow> {
  const { redisUrl: url, installation } = running;
  const redis = await openRedis({ url, installation, log: captureLog() });
  const board = createDemandBoard(redis);
  return { of: (modelId) => board.read(modelId), close: () => redis.close() };
}
