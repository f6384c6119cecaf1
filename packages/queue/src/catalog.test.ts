import { describe, expect, test } from '@jest/globals';
import { makePayload, parsePayload, queueCatalog, queueNames } from './catalog.ts';

describe('payloads', () => {
  test('are an id, a version and perhaps a trace', () => {
    expect(makePayload('m1')).toEqual({ v: 1, id: 'm1' });
    expect(makePayload('m1', 'ab'.repeat(16))).toEqual({
      v: 1,
      id: 'm1',
      traceId: 'ab'.repeat(16),
    });
    expect(makePayload('m1', 'nonsense')).toEqual({ v: 1, id: 'm1' });
  });

  test('a field of a later release is ignored, another version is refused', () => {
    expect(parsePayload({ v: 1, id: 'm1', priority: 3 })).toEqual({ v: 1, id: 'm1' });
    for (const bad of [
      { v: 2, id: 'm1' },
      { v: 1 },
      { v: 1, id: '' },
      { v: 1, id: 7 },
      null,
      'm1',
    ]) {
      expect(() => parsePayload(bad)).toThrow();
    }
  });
});

describe('catalog', () => {
  test('a queue whose jobs have ids of their own keeps none of them', () => {
    // BullMQ would take a redelivered command for a duplicate of the finished one.
    expect(queueCatalog.commands.keep).toEqual({ completed: 0, failed: 0 });
    expect(queueCatalog.activations.keep).toEqual({ completed: 0, failed: 0 });
  });

  test('names are legal for BullMQ', () => {
    for (const name of queueNames) expect(name).not.toContain(':');
  });
});
