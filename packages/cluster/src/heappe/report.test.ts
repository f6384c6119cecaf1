import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseReport } from './report.ts';

test('a report is read line by line', () => {
  const text = 'started 1\nasked 2\nterminated 3\nexit.json {"a":1}\ngpu 4 5\nlog 6 9\nended 7 8\n';
  expect(parseReport(text)).toEqual({
    startedAt: 1,
    terminatedAt: 3,
    ended: { status: 7, at: 8 },
    logBytes: 6,
    logCut: 9,
    files: { 'exit.json': '{"a":1}', gpu: '4 5' },
  });
});

test('launchers of older releases do not tell how much of the log was cut off', () => {
  expect(parseReport('log 6\n')).toMatchObject({ logBytes: 6, logCut: 0 });
});

test('whatever a file holds, a report is one', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const { startedAt, ended } = parseReport(text);
      expect(startedAt === null || Number.isSafeInteger(startedAt)).toBe(true);
      expect(ended === null || Number.isSafeInteger(ended.at)).toBe(true);
    }),
  );
});
