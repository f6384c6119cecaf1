import { expect, test } from '@jest/globals';
import { servedIn } from './served-by.ts';

const line = (fields: object) => JSON.stringify({ level: 'info', pid: 7, ...fields });

test('of each request that is asked for the last word counts, half lines do no harm', () => {
  const log = [
    line({ requestId: 'r1', jobId: 'j1', msg: 'attempt brought nothing' }),
    line({ requestId: 'r1', jobId: 'j2', msg: 'inference request' }),
    line({ requestId: 'r2', jobId: 'j1', msg: 'inference request' }),
    line({ requestId: 'r3', msg: 'inference request' }),
    line({ msg: 'ready' }),
    '{"level":"info","requestId":"r',
  ].join('\n');
  expect([...servedIn(log, new Set(['r1', 'r3', 'r9']))]).toEqual([
    ['r1', { pid: 7, jobId: 'j2' }],
    ['r3', { pid: 7, jobId: null }],
  ]);
});
