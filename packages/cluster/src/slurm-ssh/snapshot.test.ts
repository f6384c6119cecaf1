import { describe, expect, test } from '@jest/globals';
import { parseQueue } from './queue.ts';
import { jobOf, parseFiles, sightings, surplusOf } from './snapshot.ts';

const rules = {
  advertise: { kind: 'fixed', host: 'cn01' },
  ports: { from: 20_000, to: 29_999 },
} as const;

const line = (id: number, state: string, reason: string, name: string) =>
  `${id}|${state}|${reason}|cn01|2026-11-21T09:48:45|2026-11-21T09:58:45|2026-11-21T09:48:40|${name}`;
const queueOf = (...lines: string[]) => parseQueue(lines.join('\n'));

describe('one look at a cluster', () => {
  test('jobs asked for and jobs of ours, nobody else’s', () => {
    const queue = queueOf(
      line(1, 'RUNNING', 'None', 'wf-main-a-1'),
      line(2, 'RUNNING', 'None', 'wf-main-b-1'),
      line(3, 'RUNNING', 'None', 'wf-test-c-1'),
      line(4, 'RUNNING', 'None', 'bash'),
    );
    const refs = [
      { name: 'wf-main-a-1', clusterJobId: '1' },
      { name: 'wf-main-x-1', clusterJobId: null },
    ];
    const seen = sightings(queue, new Map(), refs, 'wf-main-', rules);
    expect([...seen.keys()].sort()).toEqual(['wf-main-a-1', 'wf-main-b-1', 'wf-main-x-1']);
    expect(seen.get('wf-main-x-1')?.clusterJob).toBeNull();
  });

  test('thousands of jobs take milliseconds', () => {
    const names = Array.from({ length: 30_000 }, (_, index) => `wf-main-m-${index}`);
    const queue = queueOf(...names.map((name, id) => line(id + 1, 'RUNNING', 'None', name)));
    const refs = names.map((name, id) => ({ name, clusterJobId: String(id + 1) }));
    const from = performance.now();
    expect(sightings(queue, new Map(), refs, 'wf-main-', rules).size).toBe(30_000);
    // Each name looked for in the whole queue: a minute.
    expect(performance.now() - from).toBeLessThan(5_000);
  });

  test('files are read into the sighting', () => {
    const frames = new Map([
      ['wf-main-a-1/endpoint.json', '{"host":"cn01","port":20001,"pid":1,"at":2}\n'],
      ['wf-main-a-1/exit.json', '{"exitCode":1,"cause":"engine","at":5}'],
      ['wf-main-a-1/gpu', '12.5\n'],
      ['wf-main-a-1/log', 'the engine says\n'],
      ['wf-main-a-1/batch.log', 'slurmstepd: error: *** JOB 1 CANCELLED DUE TO TIME LIMIT ***\n'],
    ]);
    const refs = [{ name: 'wf-main-a-1', clusterJobId: null }];
    expect(sightings([], frames, refs, 'wf-main-', rules).get('wf-main-a-1')).toEqual({
      clusterJob: null,
      address: { host: 'cn01', port: 20_001 },
      misplaced: null,
      building: false,
      exit: { exitCode: 1, cause: 'engine', at: 5 },
      gpuUtilization: 12.5,
      logTail: 'the engine says\nslurmstepd: error: *** JOB 1 CANCELLED DUE TO TIME LIMIT ***',
    });
  });

  test('the record of a refused submission does not hide the job, nor is it one', () => {
    const refused = line(7, 'FAILED', 'BadConstraints', 'wf-main-a-1');
    const real = line(6, 'PENDING', 'Priority', 'wf-main-a-1');
    expect(jobOf(queueOf(refused, real), 'wf-main-a-1', null)?.clusterJobId).toBe('6');
    expect(jobOf(queueOf(refused), 'wf-main-a-1', null)).toBeNull();
    expect(sightings(queueOf(refused), new Map(), [], 'wf-main-', rules).size).toBe(0);
    // An accepted job can lose its nodes later; then the same words tell its end.
    expect(jobOf(queueOf(refused), 'wf-main-a-1', '7')).toMatchObject({ reason: 'BadConstraints' });
  });

  test('of several jobs of one name the newest counts', () => {
    const queue = queueOf(
      line(9, 'CANCELLED', 'None', 'wf-main-a-1'),
      line(10, 'RUNNING', 'None', 'wf-main-a-1'),
    );
    expect(jobOf(queue, 'wf-main-a-1', '9')?.clusterJobId).toBe('10');
  });

  test('of several live ones the one that has the directory, else the known one; the others are surplus', () => {
    const name = 'wf-main-a-1';
    const queue = queueOf(
      line(8, 'RUNNING', 'None', name),
      line(9, 'PENDING', 'Priority', name),
      line(10, 'RUNNING', 'None', name),
      line(11, 'COMPLETING', 'None', name),
      line(12, 'CANCELLED', 'None', name),
      line(13, 'RUNNING', 'None', 'wf-main-b-1'),
      line(14, 'RUNNING', 'None', 'wf-test-a-1'),
      line(15, 'RUNNING', 'None', 'wf-test-a-1'),
    );
    const refs = [{ name, clusterJobId: '9' }];
    const surplusWith = (files: readonly [string, string][]) => {
      const seen = sightings(queue, new Map(files), refs, 'wf-main-', rules);
      const ids = surplusOf(queue, seen).map(({ clusterJobId }) => clusterJobId);
      return [seen.get(name)?.clusterJob?.clusterJobId, ids];
    };
    expect(surplusWith([[`${name}/owner`, '8\n']])).toEqual(['8', ['9', '10']]);
    expect(surplusWith([[`${name}/owner`, '12\n']])).toEqual(['9', ['8', '10']]);
    expect(surplusWith([])).toEqual(['9', ['8', '10']]);
    expect(jobOf(queue, name, null)?.clusterJobId).toBe('10');
  });
});

describe('files of jobs, as one grep prints their first lines', () => {
  test('by path; only the first separator separates', () => {
    const text = 'wf-a-1/gpu\x1f71\nwf-a-1/owner\x1f\nwf-b-2/exit.json\x1f{"x":"\x1f"}';
    expect([...parseFiles(text)]).toEqual([
      ['wf-a-1/gpu', '71'],
      ['wf-a-1/owner', ''],
      ['wf-b-2/exit.json', '{"x":"\x1f"}'],
    ]);
  });

  test('what is no such line is left out', () => {
    expect(parseFiles('').size).toBe(0);
    expect(parseFiles('grep: noise\n\x1fno path').size).toBe(0);
  });
});
