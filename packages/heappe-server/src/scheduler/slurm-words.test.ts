import { expect, test } from '@jest/globals';
import { expandNodes, readJobs, readPrediction } from './slurm-words.ts';

test('lines of scontrol', () => {
  const line =
    'JobId=17 JobName=9001 UserId=me(1000) Priority=1 JobState=RUNNING Reason=None Dependency=(null) RunTime=1-02:03:04 StartTime=2026-05-01T10:00:00 EndTime=2026-05-01T11:00:00 Partition=gpu NodeList=cn[01-02] BatchHost=cn01';
  expect(readJobs(`${line}\nslurm_load_jobs error: Invalid job id specified\n`)).toEqual([
    {
      id: '17',
      state: 'RUNNING',
      reason: null,
      nodes: ['cn01', 'cn02'],
      startTime: Date.parse('2026-05-01T10:00:00'),
      endTime: Date.parse('2026-05-01T11:00:00'),
      runSeconds: 93_784,
    },
  ]);
});

test.each([
  ['', []],
  ['cn01', ['cn01']],
  ['cn[08-10,12],login', ['cn08', 'cn09', 'cn10', 'cn12', 'login']],
])('nodes %j', (text, names) => {
  expect(expandNodes(text).map((name) => name.replace(/^,/, ''))).toEqual(names);
});

test('a prediction', () => {
  const text =
    'sbatch: Job 21 to start at 2026-05-01T10:00:00 using 16 processors on nodes cn03 in partition gpu\n';
  expect(readPrediction(text)).toMatchObject({
    jobId: 21,
    startTime: '2026-05-01T10:00:00',
    processors: 16,
    node: 'cn03',
    partition: 'gpu',
  });
  expect(readPrediction('sbatch: error: no')).toBeNull();
});
