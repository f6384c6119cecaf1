import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parseQueue, parseTime } from './queue.ts';
import { HOLDING, LIVE } from './read-queue.ts';
import { jobState } from './states.ts';

const recorded = (version: string) =>
  readFileSync(join(import.meta.dirname, `fixtures/squeue-${version}.txt`), 'utf8');
const line = (state: string, name = 'wf-main-a-1') =>
  `1|${state}|None|cn01|2026-11-21T09:48:45|2026-11-21T09:58:45|2026-11-21T09:48:40|${name}`;

describe.each([
  ['22.05', '2026-11-21T09:48:42Z', '2026-11-21T09:48:43Z', 'JobLaunchFailure'],
  ['24.11', '2026-11-21T10:06:39Z', '2026-11-21T10:06:40Z', 'RaisedSignal:9(Killed)'],
])('the queue of SLURM %s, as recorded', (version, submitted, started, killed) => {
  const entries = parseQueue(recorded(version));
  const byName = (name: string) => entries.find((entry) => entry.name === name);

  test('a running job', () => {
    expect(byName('wf-main-1111111111111111-1')).toEqual({
      clusterJobId: '1',
      name: 'wf-main-1111111111111111-1',
      state: 'running',
      reason: null,
      node: 'cn01',
      submittedAt: Date.parse(submitted),
      forecastAt: null,
      nodeLeaving: null,
      startedAt: Date.parse(started),
      endsAt: Date.parse(started) + 600_000,
      refused: false,
    });
  });

  test('waiting jobs have a reason and no times, though squeue forecasts some', () => {
    const waiting = entries.filter(({ state }) => state === 'pending');
    expect(waiting.map(({ reason }) => reason).sort()).toEqual(['BeginTime', 'Resources']);
    for (const job of waiting)
      expect(job).toMatchObject({ startedAt: null, endsAt: null, node: null });
  });

  test.each([
    ['wf-main-2222222222222222-1', 'failed', 'NonZeroExitCode'],
    ['wf-main-4444444444444444-1', 'failed', killed],
    ['wf-main-6666666666666666-1', 'cancelled', 'JobHeldUser'],
    ['wf-main-8888888888888888-1', 'completing', null],
    ['wf-main-9999999999999999-1', 'cancelled', 'CANCELLED'],
    ['na|me\twith "all" ärger', 'completed', null],
  ])('%s is %s because of %s', (name, state, reason) => {
    expect(byName(name)).toMatchObject({ state, reason, refused: false });
  });

  test('what is left of a refused submission is marked', () => {
    expect(byName('wf-main-3333333333333333-1')).toMatchObject({ refused: true, node: null });
  });
});

describe('reading the queue', () => {
  test('an empty queue is empty', () => {
    expect(parseQueue('')).toEqual([]);
    expect(parseQueue('\n')).toEqual([]);
  });

  test('text that is no queue is refused', () => {
    expect(() => parseQueue('slurm_load_jobs error: Unable to contact')).toThrow('unexpected');
    expect(() => parseQueue('1|RUNNING|None')).toThrow('unexpected');
  });

  test('names of several lines do no harm', () => {
    const text = [line('RUNNING', 'two\nlines|of a name'), line('PENDING')].join('\n');
    expect(parseQueue(text).map(({ name }) => name)).toEqual(['two', 'wf-main-a-1']);
  });

  test.each(['N/A', 'Unknown', 'NONE', 'INVALID', 'UNLIMITED', '(null)', '', '1-00:00:00', 'now'])(
    'the time %j is none',
    (text) => expect(parseTime(text)).toBeNull(),
  );
});

describe('states', () => {
  test('all twelve base states and the flags that squeue shows instead are known', () => {
    const words =
      'PENDING RUNNING COMPLETED CANCELLED FAILED TIMEOUT NODE_FAIL PREEMPTED BOOT_FAIL DEADLINE OUT_OF_MEMORY COMPLETING CONFIGURING RESIZING REQUEUED REQUEUE_FED REQUEUE_HOLD SPECIAL_EXIT RESV_DEL_HOLD SIGNALING STAGE_OUT REVOKED LAUNCH_FAILED RECONFIG_FAIL POWER_UP_NODE UPDATE_DB EXPEDITING';
    for (const word of words.split(' ')) expect([word, jobState(word)]).not.toContain('unknown');
  });

  test('jobs that stand still are suspended, words from the future unknown', () => {
    for (const word of ['SUSPENDED', 'STOPPED']) expect(jobState(word)).toBe('suspended');
    expect(parseQueue(line('QUANTUM'))).toMatchObject([{ state: 'unknown' }]);
  });

  test('says who cancelled', () => {
    expect(jobState('CANCELLED by 1001')).toBe('cancelled');
    expect(parseQueue(line('CANCELLED by 1001'))).toMatchObject([{ state: 'cancelled' }]);
  });

  test('live words are bare, as they go into shell patterns', () => {
    const [live, holding] = [LIVE.split('|'), HOLDING.split('|')];
    for (const word of live) expect(word).toMatch(/^[A-Z_]+$/);
    expect(live).toEqual(expect.arrayContaining([...holding, 'COMPLETING']));
    expect(live).not.toContain('COMPLETED');
    expect(holding).toEqual(expect.arrayContaining(['PENDING', 'RUNNING', 'SUSPENDED']));
    expect(holding).not.toContain('COMPLETING');
  });
});
