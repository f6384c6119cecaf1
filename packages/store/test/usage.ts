import { randomUUID } from 'node:crypto';
import type { UsageRecord } from '@wakefield/domain';

/** An answered request. */
export function sampleRecord(over: Partial<UsageRecord> = {}): UsageRecord {
  return {
    id: randomUUID(),
    at: Date.UTC(2026, 10, 21, 8, 30),
    project: 'demo',
    hfModelId: 'acme/small',
    service: null,
    principal: 'lexis:anna',
    operation: 'chat/completions',
    status: 200,
    outcome: 'complete',
    streamed: false,
    promptTokens: 10,
    completionTokens: 5,
    cachedTokens: 4,
    estimated: false,
    durationMs: 120,
    firstByteMs: 30,
    heldMs: 0,
    bytesUp: 0,
    bytesDown: 0,
    ...over,
  };
}
