import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { JobSighting } from '@wakefield/domain';
import { type HeappeScene, openHeappeScene } from '../../test/heappe-driver.ts';
import { until } from '../conformance/scene.ts';

jest.setTimeout(60_000);

let scene: HeappeScene;
beforeAll(async () => {
  const change = { cadence: { busy: '100ms', quiet: '1h' }, timeouts: { command: '2s' } };
  scene = await openHeappeScene({}, change);
});
afterEach(async () => {
  control().clearFaults();
  scene.ahead = 0;
  const { sightings } = await scene.driver.observe([], scene.signal);
  const refs = [...sightings.keys()].map((name) => ({ name, clusterJobId: null }));
  await scene.driver.cancel(refs, scene.signal);
});
afterAll(() => scene.close());

const LIST = 'JobManagement/ListJobsForCurrentUser';
const PARTS = 'FileTransfer/DownloadPartsOfJobFilesFromCluster';
const control = () => scene.test.server.control;
const isRunning = ({ clusterJob }: JobSighting) => clusterJob?.state === 'running';
const endpoint = `echo '{"host":"127.0.0.1","port":20001}' > e; mv e endpoint.json`;

async function start(lines: readonly string[], change = {}) {
  const name = scene.newName();
  const { clusterJobId } = await scene.driver.submit(scene.job(name, lines, change), scene.signal);
  return { name, id: Number(clusterJobId), ref: { name, clusterJobId: null } };
}

describe('a look', () => {
  test('is one list, and one call for each job of which something is to be learned', async () => {
    const serving = await start([endpoint, 'sleep 600']);
    const loading = await start(['sleep 600']);
    await scene.sightUntil(serving.name, ({ address }) => address !== null);
    await scene.sightUntil(loading.name, isRunning);
    scene.calls();
    const { sightings } = await scene.driver.observe([serving.ref, loading.ref], scene.signal);
    // The one that serves was read a moment ago.
    expect(scene.calls()).toEqual([LIST, PARTS]);
    expect(sightings.get(serving.name)?.address).toEqual({ host: '127.0.0.1', port: 20_001 });
    await scene.driver.cancel([serving.ref, loading.ref], scene.signal);
    await until('them to be over', async () => {
      const states = [await scene.sight(serving.name), await scene.sight(loading.name)];
      return states.every(({ clusterJob }) => clusterJob?.state === 'cancelled') ? true : null;
    });
    scene.calls();
    await scene.driver.observe([serving.ref, loading.ref], scene.signal);
    expect(scene.calls()).toEqual([LIST]);
  });

  test.each([429, 500, 502, 503])('that is answered %i is no look', async (status) => {
    const effect = { kind: 'status', status } as const;
    control().addFault({ action: 'ListJobsForCurrentUser', when: 'before', effect, times: null });
    await expect(scene.driver.observe([], scene.signal)).rejects.toMatchObject({
      kind: 'unreachable',
    });
    await expect(scene.driver.find(scene.newName(), scene.signal)).rejects.toMatchObject({
      kind: 'unreachable',
    });
  });

  test('does not fail for the files of one job; without them nobody knows how it ended', async () => {
    const { name, ref } = await start(['exit 4']);
    await until('its end', async () => ((await scene.listed(name))[0]?.State === 32 ? true : null));
    const effect = { kind: 'status', status: 500 } as const;
    const action = 'DownloadPartsOfJobFilesFromCluster';
    control().addFault({ action, when: 'before', effect, times: 2 });
    expect((await scene.sight(name)).clusterJob?.state).toBe('unknown');
    expect((await scene.sight(name)).clusterJob?.state).toBe('unknown');
    const { sightings } = await scene.driver.observe([ref], scene.signal);
    expect(sightings.get(name)?.clusterJob?.state).toBe('failed');
  });

  test('does not fail for files that never come; what they would have said is not known yet', async () => {
    const [ended, other] = [await start(['exit 4']), await start(['sleep 600'])];
    await until('its end', async () =>
      (await scene.listed(ended.name))[0]?.State === 32 ? true : null,
    );
    await scene.sightUntil(other.name, isRunning);
    const effect = { kind: 'hang' } as const;
    const action = 'DownloadPartsOfJobFilesFromCluster';
    control().addFault({ action, when: 'before', effect, times: null });
    const { sightings } = await scene.driver.observe([ended.ref, other.ref], scene.signal);
    expect(sightings.get(ended.name)?.clusterJob?.state).toBe('unknown');
    expect(sightings.get(other.name)?.clusterJob).toMatchObject({
      state: 'running',
      startedAt: null,
    });
  });

  test('judges a job without its files when they can never be read', async () => {
    const { name } = await start(['exit 4']);
    await until('its end', async () => ((await scene.listed(name))[0]?.State === 32 ? true : null));
    const effect = { kind: 'status', status: 500 } as const;
    const action = 'DownloadPartsOfJobFilesFromCluster';
    control().addFault({ action, when: 'before', effect, times: null });
    const states: (string | undefined)[] = [];
    for (let look = 0; look < 3; look++) states.push((await scene.sight(name)).clusterJob?.state);
    expect(states).toEqual(['unknown', 'unknown', 'failed']);
  });
});

describe('what HEAppE calls Failed is', () => {
  test('completed, when SLURM had purged it before HEAppE looked', async () => {
    const { name, id } = await start(['sleep 1']);
    await scene.sightUntil(name, isRunning);
    control().setSwitches({ pollHeld: true });
    await scene.sightUntil(name, ({ clusterJob }) => clusterJob?.state === 'completing');
    await control().purge(id);
    control().setSwitches({ pollHeld: false });
    const seen = await scene.sightUntil(
      name,
      ({ clusterJob }) => clusterJob?.state === 'completed',
    );
    expect((await scene.listed(name))[0]?.State).toBe(32);
    expect(seen.clusterJob?.endsAt).toEqual(expect.any(Number));
  });

  test('failed, when its script failed before', async () => {
    const { name, id } = await start(['sleep 1', 'exit 5']);
    await scene.sightUntil(name, isRunning);
    control().setSwitches({ pollHeld: true });
    await scene.sightUntil(name, ({ clusterJob }) => clusterJob?.state === 'completing');
    await control().purge(id);
    control().setSwitches({ pollHeld: false });
    const seen = await scene.sightUntil(name, ({ clusterJob }) => clusterJob?.state === 'failed');
    expect(seen.clusterJob?.reason).toBe('NonZeroExitCode');
  });

  test('cancelled, when it was ended while it waited', async () => {
    const all = await start(['sleep 600'], { gpuCount: 16, nodes: 4 });
    await scene.sightUntil(all.name, isRunning);
    const { name, ref } = await start(['sleep 600']);
    expect((await scene.sight(name)).clusterJob?.state).toBe('pending');
    await scene.driver.askToEnd([ref], scene.signal);
    await scene.sightUntil(name, ({ clusterJob }) => clusterJob?.state === 'cancelled');
    expect((await scene.listed(name))[0]?.State).toBe(32);
    await scene.driver.cancel([all.ref], scene.signal);
    await scene.sightUntil(all.name, ({ clusterJob }) => clusterJob?.state === 'cancelled');
  });

  test('still running perhaps, when slurmctld was silent for a moment: it is told to end by its own directory', async () => {
    const lines = ['trap "exit 0" USR1', endpoint, 'while :; do sleep 0.1; done'];
    const { name, ref } = await start(lines);
    await scene.sightUntil(name, ({ address }) => address !== null);
    control().setSwitches({ schedulerSilent: true });
    await control().poll();
    control().setSwitches({ schedulerSilent: false });
    // Its launcher is given time for a last word, and has none to say.
    await scene.sightUntil(name, ({ clusterJob }) => clusterJob?.state === 'failed');
    await until('its launcher to say that it is over', async () => {
      const log = await scene.test.call('POST', PARTS, await partsOf(name));
      return JSON.stringify(log).includes('ended 0') ? true : null;
    });
    await scene.driver.forget([ref.name], scene.signal);
    expect((await scene.sight(name)).clusterJob).toBeNull();
  });
});

test('of two that were submitted for one job HEAppE watches the one that gave way: the other is told to end', async () => {
  const { name } = await start([
    'if mkdir first 2>/dev/null; then',
    '  setsid /bin/bash wakefield_run & sleep 600',
    'fi',
    'trap "exit 0" USR1',
    endpoint,
    'while :; do sleep 0.1; done',
  ]);
  // The launcher that HEAppE's cluster knows of has ended, and ended well.
  await scene.sightUntil(name, ({ clusterJob }) => clusterJob?.state === 'completed');
  expect((await scene.listed(name))[0]?.State).toBe(16);
  await until('the other to say that it is over', async () => {
    await scene.sight(name);
    const report = await scene.test.call('POST', PARTS, await partsOf(name));
    return JSON.stringify(report).includes('ended 0') ? true : null;
  });
});

describe('jobs that are over', () => {
  test('are deleted with what they left, those that are not stay', async () => {
    const over = await start(['echo something > log']);
    const alive = await start(['sleep 600']);
    await scene.sightUntil(over.name, ({ clusterJob }) => clusterJob?.state === 'completed');
    await scene.sightUntil(alive.name, isRunning);
    await scene.driver.forget([over.name, alive.name], scene.signal);
    expect((await scene.listed(over.name))[0]?.State).toBe(256);
    expect((await scene.listed(alive.name))[0]?.State).toBe(8);
    expect(await scene.driver.readLog(over.ref, 0, 100, scene.signal)).toBeNull();
    // HEAppE lists a deleted job for ever, we do not.
    expect(await scene.driver.find(over.name, scene.signal)).toBeNull();
    await scene.driver.cancel([alive.ref], scene.signal);
  });

  test('give nothing of a log of which nobody knows how long it is', async () => {
    // The launcher is killed before it has looked at the log a second time.
    const lines = ['sleep 2', 'seq 1 1000000 > log', 'echo killed >&2', 'kill -9 $PPID'];
    const { name } = await start(lines);
    const seen = await scene.sightUntil(name, ({ clusterJob }) => clusterJob?.state === 'failed');
    expect(seen.logTail).toMatch(/^killed\n/);
  });

  test('are deleted when nobody has asked for them for a while', async () => {
    const asked = await start(['true']);
    const unasked = await start(['true']);
    const alive = await start(['sleep 600']);
    await scene.sightUntil(asked.name, ({ clusterJob }) => clusterJob?.state === 'completed');
    await until('the other', async () =>
      (await scene.listed(unasked.name))[0]?.State === 16 ? true : null,
    );
    await scene.sightUntil(alive.name, isRunning);
    const states = async () => {
      // A few are deleted at each look, those of other tests before.
      for (let look = 0; look < 3; look++) await scene.driver.observe([], scene.signal);
      const jobs = [asked, unasked, alive].map(({ name }) => scene.listed(name));
      return (await Promise.all(jobs)).map(([job]) => job?.State);
    };
    expect(await states()).toEqual([16, 16, 8]);
    scene.ahead = 11 * 60_000;
    expect(await states()).toEqual([256, 16, 8]);
    scene.ahead = 25 * 3_600_000;
    expect(await states()).toEqual([256, 256, 8]);
  });

  test('give what the batch system said where they wrote no log', async () => {
    const { name } = await start(['no-such-program']);
    const seen = await scene.sightUntil(name, ({ clusterJob }) => clusterJob?.state === 'failed');
    expect(seen.logTail).toMatch(/no-such-program: command not found/);
  });
});

async function partsOf(name: string) {
  const jobs = (await scene.test.call('GET', LIST)) as readonly {
    readonly Id: number;
    readonly Name: string;
    readonly Tasks: readonly { readonly Id: number }[];
  }[];
  const job = jobs.find((one) => one.Name === name);
  const task = job?.Tasks[0]?.Id;
  return {
    SubmittedJobInfoId: job?.Id,
    TaskFileOffsets: [{ SubmittedTaskInfoId: task, FileType: 1, Offset: 0 }],
  };
}
