import { describe, expect, test } from '@jest/globals';
import { type Footprint, grown, kindOfKey } from './footprint.ts';

const before: Footprint = {
  processes: { api: 2, slurmctld: 1 },
  sockets: { api: 20, 'sessions of sshd': 5 },
  descriptors: { api: 60 },
  keys: { 'observe:#': 20, 'observe:meta': 1 },
  rows: { models: 7, 'live jobs': 0, leases: 9 },
  jobs: 0,
};
/** Two jobs later, with as much of everything as may be. */
const after: Footprint = {
  processes: { api: 2, slurmctld: 1, simulator: 2, slurmstepd: 2, slurm_script: 4 },
  sockets: { api: 32, 'sessions of sshd': 17 },
  descriptors: { api: 72 },
  keys: { 'observe:#': 150, 'observe:meta': 1, 'observe:failed': 1, 'reconcile:de:#': 6 },
  rows: { models: 7, 'live jobs': 2, leases: 9 },
  jobs: 2,
};

describe('what is left behind', () => {
  test('nothing: each job has its processes and its row, queues keep a number', () => {
    expect(grown(before, after, 'all')).toEqual([]);
  });

  test.each<[string, Partial<Footprint>, string]>([
    ['a service too many', { processes: { api: 3 } }, 'processes: api 2 → 3'],
    ['an engine without a job', { processes: { simulator: 3 } }, 'processes: simulator 0 → 3'],
    ['a process that nobody knows', { processes: { cat: 1 } }, 'processes: cat 0 → 1'],
    ['a row', { rows: { leases: 10 } }, 'rows: leases 9 → 10'],
    ['a live row without a job', { rows: { 'live jobs': 3 } }, 'rows: live jobs 0 → 3'],
    ['keys of an unknown kind', { keys: { 'demand:#': 1 } }, 'keys: demand:# 0 → 1'],
    ['work that is never removed', { keys: { 'observe:#': 151 } }, 'keys: observe:# 20 → 151'],
    ['delayed looks', { keys: { 'reconcile:de:#': 13 } }, 'keys: reconcile:de:# 0 → 13'],
    ['sockets', { sockets: { api: 33 } }, 'sockets: api 20 → 33'],
    ['sessions', { sockets: { 'sessions of sshd': 18 } }, 'sockets: sessions of sshd 5 → 18'],
    ['files', { descriptors: { api: 73 } }, 'descriptors: api 60 → 73'],
  ])('%s', (_, over, words) => {
    expect(grown(before, { ...after, ...over }, 'all')).toEqual([words]);
  });

  test('connections get time', () => {
    expect(grown(before, { ...after, sockets: { api: 90 } }, 'at once')).toEqual([]);
  });

  test.each([
    ['{wakefield:c580c0}:observe:1234', 'observe:#'],
    [
      '{wakefield:c580c0}:reconcile:de:later-fe295e17-dc65-4a28-83fe-7e06100daa0b',
      'reconcile:de:#',
    ],
    ['{wakefield:c580c0}:observe:de:later-slurm-dev', 'observe:de:#'],
    ['{wakefield:c580c0}:answered:5d95ba1d-d2e7-438b-a4de-5d3b14fe9b46', 'answered:#'],
    ['{wakefield:c580c0}:demand:proxy-1', 'demand:proxy-#'],
    ['{wakefield:c580c0}:observe:metrics:completed:data', 'observe:metrics:completed:data'],
  ])('%s is a %s', (key, kind) => {
    expect(kindOfKey(key)).toBe(kind);
  });
});
