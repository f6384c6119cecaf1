import { randomUUID } from 'node:crypto';
import { UnfitRecordsError, type UsageStore } from '@wakefield/control';
import { AppError, type UsageRecord } from '@wakefield/domain';
import type { Begun } from '../src/metering/lines.ts';

/** A store of records in memory, which can be away, or do as it is told and not say so. */
export interface MemoryUsage extends Pick<UsageStore, 'add'> {
  readonly records: Map<string, UsageRecord>;
  mood: 'well' | 'away' | 'unheard';
  /** Ids that no table holds. */
  readonly unfit: Set<string>;
}

export function memoryUsage(): MemoryUsage {
  const records = new Map<string, UsageRecord>();
  const unfit = new Set<string>();
  const away = () => new AppError('store_unavailable', 'away (test)');
  const usage: MemoryUsage = {
    records,
    unfit,
    mood: 'well',
    add: async (batch) => {
      // A round trip: others have their turn meanwhile.
      await new Promise((resolve) => setImmediate(resolve));
      if (usage.mood === 'away') throw away();
      if (batch.some(({ id }) => unfit.has(id))) throw new UnfitRecordsError('unfit (test)');
      const fresh = batch.filter(({ id }) => !records.has(id));
      for (const record of batch) if (!records.has(record.id)) records.set(record.id, record);
      if (usage.mood === 'unheard') throw away();
      return fresh.length;
    },
  };
  return usage;
}

export function sampleBegun(over: Partial<Begun> = {}): Begun {
  return {
    id: randomUUID(),
    at: 1_700_000_000_000,
    project: 'demo',
    hfModelId: 'a/b',
    service: null,
    principal: 'test',
    operation: 'chat/completions',
    streamed: false,
    promptTokens: 12,
    ...over,
  };
}

/** How it ended well. */
export function sampleRecord(
  { promptTokens: _guessed, ...begun }: Begun = sampleBegun(),
): UsageRecord {
  return {
    ...begun,
    at: begun.at + 1000,
    status: 200,
    outcome: 'complete',
    promptTokens: 7,
    completionTokens: 5,
    cachedTokens: 0,
    estimated: false,
    durationMs: 1000,
    firstByteMs: 300,
    heldMs: 0,
    bytesUp: 0,
    bytesDown: 0,
  };
}
