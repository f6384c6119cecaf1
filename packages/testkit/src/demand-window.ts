import type { DemandBoard } from '@wakefield/control';
import type { Demand } from '@wakefield/domain';
import { createDemandBoard, openRedis } from '@wakefield/queue';
import { captureLog } from './queue-fixture.ts';

/** What the proxies of a running Wakefield tell of their requests, summed as the scheduler sums it. */
export interface DemandWindow {
  /** Running and held requests of a model; null while a part of them may be missing. */
  of(modelId: string): Promise<{ readonly running: number; readonly held: number } | null>;
  close(): Promise<void>;
}

/** What the board tells of one model; null while a part of it may be missing. */
export async function demandOf(
  board: Pick<DemandBoard, 'readMany'>,
  modelId: string,
): Promise<Demand> {
  const demand = (await board.readMany([modelId]))?.get(modelId);
  return demand?.isWhole === true ? demand : null;
}

export async function openDemandWindow(running: {
  readonly redisUrl: string;
  readonly installation: string;
}): Promise<DemandWindow> {
  const { redisUrl: url, installation } = running;
  const redis = await openRedis({ url, installation, log: captureLog() });
  const board = createDemandBoard(redis);
  return { of: (modelId) => demandOf(board, modelId), close: () => redis.close() };
}
