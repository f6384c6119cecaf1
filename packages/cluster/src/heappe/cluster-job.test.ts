import { describe, expect, test } from '@jest/globals';
import { jobInfo } from './api/wire-types.ts';
import { clusterJobOf, taskName } from './cluster-job.ts';
import { parseReport } from './report.ts';

const started = Date.parse('2026-05-01T10:00:00Z');
const walltime = 600;

function look(state: number, lines: readonly string[] = [], change: object = {}) {
  const raw = {
    Id: 7,
    Name: 'wf-x-1',
    State: state,
    CreationTime: '2026-05-01T09:58:00',
    SubmitTime: '2026-05-01T09:59:00Z',
    StartTime: '2026-05-01T10:00:00.0000000',
    EndTime: null,
    Tasks: [
      {
        Id: 9,
        Name: taskName(walltime),
        State: state,
        AllocatedCoreIds: ['cn07', 'cn08'],
        StartTime: '2026-05-01T10:00:00',
        EndTime: null,
        Reason: 'None',
        ErrorMessage: null,
      },
    ],
    ...change,
  };
  return clusterJobOf(jobInfo.parse(raw), 'wf-x-1', parseReport(lines.join('\n')));
}

describe('a job of HEAppE', () => {
  test('that runs has its node, its times in UTC, and the end of its walltime', () => {
    expect(look(8)).toEqual({
      clusterJobId: '7',
      name: 'wf-x-1',
      state: 'running',
      reason: null,
      node: 'cn07',
      submittedAt: Date.parse('2026-05-01T09:59:00Z'),
      startedAt: started,
      endsAt: started + walltime * 1000,
      forecastAt: null,
      nodeLeaving: null,
    });
  });

  test.each([1, 2, 4, 128])('waits in state %i, without a start', (state) => {
    expect(look(state)).toMatchObject({ state: 'pending', startedAt: null, endsAt: null });
  });

  const run = `started ${started}`;
  test.each([
    ['it runs on', 8, [run], 'running'],
    ['its launcher has ended', 8, [run, `ended 0 ${started + 5000}`], 'completing'],
    ['finished', 16, [], 'completed'],
    ['purged after a good end', 32, [run, `ended 0 ${started + 5000}`], 'completed'],
    ['failed by itself', 32, [run, `ended 3 ${started + 5000}`], 'failed'],
    ['told to go, and gone', 32, [run, `terminated ${started + 9000}`], 'cancelled'],
    [
      'told to go, and it ended well',
      32,
      [run, `terminated ${started + 9000}`, `ended 0 ${started + 9500}`],
      'cancelled',
    ],
    ['told to go at its limit', 32, [run, `terminated ${started + 600_000}`], 'timeout'],
    ['a little before, by its clock', 32, [run, `terminated ${started + 597_000}`], 'timeout'],
    ['gone without a word', 32, [run], 'failed'],
    ['cancelled before it was submitted', 64, [], 'cancelled'],
    ['something new', 512, [], 'unknown'],
  ] as const)('%s: state %i is %s', (_, state, lines, expected) => {
    expect(look(state, lines).state).toBe(expected);
  });

  test('gone without a word at its limit came to it', () => {
    expect(look(32, [run], { EndTime: '2026-05-01T10:10:01' }).state).toBe('timeout');
  });

  test.each([
    { StartTime: null },
    { StartTime: '2026-05-01T10:00:00', EndTime: '2026-05-01T10:00:00' },
  ])('that never began was cancelled while it waited (%j)', (times) => {
    const task = { Id: 9, Name: taskName(walltime), State: 32, AllocatedCoreIds: [] };
    expect(look(32, [], { ...times, Tasks: [task] }).state).toBe('cancelled');
  });

  test('whose task another one named has no known end', () => {
    const task = { Id: 9, Name: 'by-hand', State: 8 };
    expect(look(8, [], { Tasks: [task] })).toMatchObject({ endsAt: null, node: null });
  });
});
