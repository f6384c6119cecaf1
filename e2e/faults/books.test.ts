import { describe, expect, test } from '@jest/globals';
import { type Books, booksOf, type Looks } from './books.ts';
import { doubled, heappeLedgerOf, type Ledger, takenIn } from './ledger.ts';

const job = (id: string, name: string, over = false) => ({ id, name, over });
const ledger: Ledger = {
  taken: [
    { id: '1', at: 1_000 },
    { id: '2', at: 2_000 },
  ],
  named: [job('1', 'a-1'), job('2', 'b-1')],
};
const good: Looks = {
  before: ['b-1'],
  after: ['b-1'],
  written: ['a-1', 'b-1'],
  cluster: [job('1', 'a-1', true), job('2', 'b-1')],
  ledger,
  engines: ['b-1'],
};
const balanced: Books = { surplus: [], doubled: [], forgotten: [], orphans: [], strayEngines: [] };

describe('books', () => {
  test('that agree', () => {
    expect(booksOf(good, [])).toEqual(balanced);
  });

  test('what changes while they are looked at is no difference', () => {
    const begun = { ...good, before: [], after: ['b-1'] };
    const over = { ...good, after: [], cluster: [job('2', 'b-1', true)], engines: [] };
    expect(booksOf(begun, [])).toEqual(balanced);
    expect(booksOf(over, [])).toEqual(balanced);
  });

  test.each<[string, Partial<Looks>, Partial<Books>]>([
    ['a job that nobody intended', { written: ['b-1'] }, { surplus: ['a-1'] }],
    [
      'a double that is over by now',
      { ledger: { taken: ledger.taken, named: [...ledger.named, job('3', 'b-1')] } },
      { doubled: ['b-1 as 2 and 3'] },
    ],
    ['a row without a job', { cluster: [], engines: [] }, { forgotten: ['b-1'] }],
    ['a job without a live row', { before: [], after: [] }, { orphans: ['b-1'] }],
    ['an engine without a job', { engines: ['b-1', 'a-1'] }, { strayEngines: ['a-1'] }],
    ['two engines for a job', { engines: ['b-1', 'b-1'] }, { strayEngines: ['b-1'] }],
  ])('%s', (_, over, found) => {
    expect(booksOf({ ...good, ...over }, [])).toEqual({ ...balanced, ...found });
  });
});

describe('submissions', () => {
  test('of one job of HEAppE are doubles when there are two, and strays when it has no such job', () => {
    const jobs = [{ id: 7, specification: { name: 'a-1' }, tasks: [{ specificationId: 70 }] }];
    const first = { name: '70', id: '1001', at: 1_000 };
    expect(doubled(heappeLedgerOf(jobs, [first]), [])).toEqual([]);
    const twice = heappeLedgerOf(jobs, [first, { ...first, id: '1002', at: 2_000 }]);
    expect(doubled(twice, [])).toEqual(['a-1 as 7 and 7, as 1002']);
    expect(twice.taken.findLast(({ id }) => id === '7')?.at).toBe(2_000);
    const stray = heappeLedgerOf(jobs, [{ name: '71', id: '1003', at: 1_000 }]);
    expect(doubled(stray, [])).toEqual(['job 1003 without a name']);
  });

  test('one id may be told several times, and given again', () => {
    const again = { taken: ledger.taken, named: [...ledger.named, ...ledger.named, job('1', 'c')] };
    expect(doubled(again, [])).toEqual([]);
  });

  test('nobody can name one: it was doubled, unless the controller died before it wrote it down', () => {
    const one = { taken: [...ledger.taken, { id: '9', at: 30_000 }], named: ledger.named };
    expect(doubled(one, [])).toEqual(['job 9 without a name']);
    expect(doubled(one, [29_000, 60_000])).toEqual(['job 9 without a name']);
    expect(doubled(one, [31_000])).toEqual([]);
  });

  test('are read from the log of the controller', () => {
    const log = [
      '[2026-11-21T17:38:32.352] _slurm_rpc_submit_batch_job: JobId=2 InitPrio=4294901758 usec=416',
      '[2026-11-21T17:38:32.406] sched: Allocate JobId=2 NodeList=cn01 #CPUs=1 Partition=gpu',
    ].join('\n');
    expect(takenIn(log)).toEqual([
      { id: '2', at: new Date(2026, 10, 21, 17, 38, 32, 352).getTime() },
    ]);
  });
});
