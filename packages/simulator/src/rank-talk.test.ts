import { describe, expect, test } from '@jest/globals';
import type { RankPlace } from './rank-place.ts';
import { admit, helloOf } from './rank-talk.ts';

const place: RankPlace = { nodes: 3, rank: 0, headHost: 'h', headPort: 1, waitSeconds: 1 };
const hello = (change: Partial<RankPlace>, engine = '__job_a') =>
  helloOf({ ...place, ...change }, engine);

describe('who comes to the head', () => {
  test.each([1, 2])('is let in as rank %i', (rank) => {
    expect(admit(hello({ rank }), place, '__job_a', new Set())).toBe(rank);
  });

  test.each([
    ['GET / HTTP/1.1', 'this is the port where ranks of an engine meet'],
    ['null', 'this is the port where ranks of an engine meet'],
    ['{"rank":1.5,"nodes":3,"engine":"__job_a"}', 'this is the port where ranks of an engine meet'],
    ['{"rank":1,"nodes":3}', 'this is the port where ranks of an engine meet'],
    [hello({ rank: 1 }, '__job_b'), 'this is engine __job_a, not __job_b'],
    [hello({ rank: 1, nodes: 2 }), 'there are 3 ranks, not 2'],
    [hello({ rank: 0 }), 'there is no rank 0 beside the head'],
    [hello({ rank: 3 }), 'there is no rank 3 beside the head'],
    [hello({ rank: 2 }), 'rank 2 has come already'],
  ])('is refused with %s', (line, words) => {
    expect(admit(line, place, '__job_a', new Set([2]))).toBe(words);
  });
});
