import { expect, test } from '@jest/globals';
import { withAdvice } from './slurm-advice.ts';

test.each([
  ['Requested time limit is invalid (missing or exceeds some limit)', /ask for less walltime$/],
  ['AssocMaxWallDurationPerJobLimit; Job violates accounting/QOS policy', /less walltime$/],
  ['Requested node configuration is not available', /ask for less on each node$/],
  ['Node count specification invalid', /ask for fewer$/],
  ['QOSMaxGRESPerUser; Job violates accounting/QOS policy', /fewer GPUs$/],
  ['Invalid account or account/partition combination specified', /account of this project/],
  ['invalid partition specified: nope; Invalid partition name specified', /clusters\.yaml$/],
])('%s', (words, advised) => {
  expect(withAdvice(words)).toMatch(advised);
  expect(withAdvice(words).startsWith(`${words}; `)).toBe(true);
});

test('what nobody can advise on stays as it was said', () => {
  expect(withAdvice('Access/permission denied')).toBe('Access/permission denied');
});
