import { describe, expect, it } from '@jest/globals';
import { abusesOf, shortPatience } from './abuses.ts';
import { heldBy } from './connections-of.ts';
import { answersOf } from './report.ts';

const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1
   1: 0100007F:1F90 0100007F:8235 01 00000000:00000000 00:00000000 00000000     0        0 4712 1
   2: 0100007F:1F90 0100007F:8236 05 00000000:00000000 00:00000000 00000000     0        0 0 1
   3: 0100007F:8235 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 4713 1
   4: 0100007F:1F90 0100007F:8237 08 00000000:00000000 00:00000000 00000000     0        0 4714 1
`;

it('counts what a server holds of some clients', () => {
  expect(heldBy(table, 8080, new Set([0x8235, 0x8236, 0x8237]))).toBe(2);
  expect(heldBy(table, 8080, new Set([0x8235]))).toBe(1);
  expect(heldBy(table, 8081, new Set([0x8235]))).toBe(0);
});

it('no abuse takes more connections than there may be', () => {
  for (const { connections } of abusesOf(shortPatience, 50))
    expect(connections).toBeLessThanOrEqual(50);
});

describe('what was told', () => {
  it.each([
    [{ 408: 3 }, 0, '408 (3)'],
    [{ 200: 2 }, 1, '200 (2), closed (1)'],
    [{}, 0, '–'],
  ])('%j and %i without a word: %s', (statuses, silent, expected) => {
    const nothing = { opened: 0, failed: 0, open: 0, answeredAfter: null, ports: [], sentBytes: 0 };
    expect(answersOf({ standing: { ...nothing, statuses, silent } })).toBe(expected);
  });
});
