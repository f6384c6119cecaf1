import { expect, test } from '@jest/globals';
import { heappeStates, jobInfo } from './api/wire-types.ts';
import { countLive } from './listing.ts';

const { running, finished, queued } = heappeStates;

test('jobs count where they are, not at every cluster of the same HEAppE', () => {
  let id = 0;
  const job = (Name: string, State: number, nodeType: number | null) => {
    id += 1;
    const NodeType = nodeType === null ? null : { Id: nodeType };
    return jobInfo.parse({ Id: id, Name, State, Tasks: [{ Id: id, State, NodeType }] });
  };
  const jobs = [
    job('wf-a-1', running, 11),
    job('wf-a-2', queued, 11),
    job('wf-a-3', running, 12),
    job('wf-a-4', finished, 11),
    job('other', running, 11),
    // HEAppE does not say: it may be here.
    job('wf-a-5', running, null),
  ];
  const listing = new Map(jobs.map((one) => [one.Name ?? '', [one]]));
  expect(countLive(listing, 'wf-a-', new Set([11]))).toBe(3);
  expect(countLive(listing, 'wf-a-', new Set([12]))).toBe(2);
});
