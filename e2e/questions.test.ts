import { expect, test } from '@jest/globals';
import { askedBetween, beyondLooks, forecasts, forJobs } from './questions.ts';

const asked = new Map([
  ['REQUEST_JOB_INFO', 22],
  ['REQUEST_PARTITION_INFO', 42],
  ['REQUEST_NODE_INFO', 20],
  ['REQUEST_STATS_INFO', 9],
  ['REQUEST_JOB_WILL_RUN', 2],
]);

test('what was asked in a time', () => {
  const before = new Map([
    ['REQUEST_JOB_INFO', 5],
    ['REQUEST_PING', 3],
  ]);
  const after = new Map([
    ['REQUEST_JOB_INFO', 7],
    ['REQUEST_JOB_USER_INFO', 4],
    ['REQUEST_PING', 3],
  ]);
  const between = askedBetween(before, after);
  expect([...between.keys()]).toEqual(['REQUEST_JOB_INFO', 'REQUEST_JOB_USER_INFO']);
  expect(forJobs(between)).toBe(6);
});

test('twenty looks ask for jobs, partitions and nodes', () => {
  expect(beyondLooks(asked, 20)).toEqual([]);
  expect(forecasts(asked)).toBe(2);
  expect(forecasts(new Map())).toBe(0);
});

test.each([
  ['REQUEST_JOB_INFO', 23],
  ['REQUEST_PARTITION_INFO', 43],
  ['REQUEST_NODE_INFO', 23],
  ['REQUEST_RESERVATION_INFO', 1],
])('%s %i times is more', (kind, count) => {
  expect(beyondLooks(new Map([...asked, [kind, count]]), 20)).toEqual([
    `${kind} ${count} times in 20 looks`,
  ]);
});
