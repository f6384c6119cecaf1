import { describe, expect, it } from '@jest/globals';
import type { UsageRecord } from '@wakefield/domain';
import fc from 'fast-check';
import { type Begun, begunLine, lostRecord, parseLine, recordLine } from './lines.ts';

const name = fc.string({ unit: 'binary' });
const names = {
  id: fc.uuid(),
  at: fc.nat(),
  project: name,
  hfModelId: fc.option(name),
  service: fc.option(fc.uuid()),
  principal: fc.option(name),
  operation: fc.constantFrom('chat/completions', 'embeddings'),
  streamed: fc.boolean(),
};
const sample: Begun = {
  ...{ id: '0', at: 1, project: 'demo', hfModelId: 'a/b', service: null, principal: 'p' },
  ...{ operation: 'completions', streamed: false, promptTokens: 7 },
};
const begun: fc.Arbitrary<Begun> = fc.record({ ...names, promptTokens: fc.nat() });
const record: fc.Arbitrary<UsageRecord> = fc.record({
  ...names,
  status: fc.nat(599),
  outcome: fc.constantFrom('complete', 'cut', 'client_left'),
  estimated: fc.boolean(),
  promptTokens: fc.nat(),
  completionTokens: fc.nat(),
  cachedTokens: fc.nat(),
  durationMs: fc.nat(),
  firstByteMs: fc.option(fc.nat()),
  heldMs: fc.nat(),
  bytesUp: fc.nat(),
  bytesDown: fc.nat(),
});

describe('lines of the spool', () => {
  it('say all of a record', () => {
    fc.assert(
      fc.property(record, (one) => {
        const line = recordLine(one);
        expect(line.indexOf('\n')).toBe(line.length - 1);
        expect(parseLine(line)).toEqual({ kind: 'record', record: one });
      }),
    );
  });

  it('say of a request that has begun what its record would, should it be lost', () => {
    fc.assert(
      fc.property(begun, (one) => {
        const line = begunLine(one);
        expect(line.indexOf('\n')).toBe(line.length - 1);
        expect(parseLine(line)).toEqual({ kind: 'begun', begun: one });
        const lost = lostRecord(one);
        expect(parseLine(recordLine(lost))).toEqual({ kind: 'record', record: lost });
        expect(lost).toMatchObject({ ...one, outcome: 'lost', status: 0, estimated: true });
      }),
    );
  });

  it('about models are those of releases that knew no services', () => {
    const record = { ...lostRecord({ ...sample, service: null }), status: 200 };
    expect(recordLine(record)).toMatch(/,true,7,0,0,0,null,0\]\n$/);
    expect(begunLine({ ...sample, service: null })).toMatch(/,false,7\]\n$/);
    expect(recordLine({ ...record, bytesDown: 5 })).toMatch(/,0,null,0,null,0,5\]\n$/);
  });

  it.each(['', 'r', 'r[', 'r[]', 'r{}', 'x["a"]', 'b["id",1]', 'r["id",1,"p",null,null,"o",true]'])(
    'are not %j',
    (line) => {
      expect(parseLine(line)).toBeNull();
    },
  );
});
