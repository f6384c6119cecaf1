import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { ClusterDriver } from '@wakefield/control';
import { type JobSighting, jobName } from '@wakefield/domain';
import { sampleModel, startTestSlurm, type TestSlurm } from '@wakefield/testkit';
import { loadRecipes } from '../../../recipes/src/index.ts';
import { smallJob, until } from '../conformance/scene.ts';
import { createDriver } from '../create-driver.ts';

jest.setTimeout(120_000);
const signal = new AbortController().signal;
const engineKey = 'key-of-this-job-alone';
const simulator = join(import.meta.dirname, '../../../simulator/src/main.ts');

/** A job as Wakefield submits it, from the real recipe, in a real SLURM. */
describe('a job with an engine', () => {
  let cluster: TestSlurm;
  let driver: ClusterDriver;
  let clusterJobId: string;
  const model = sampleModel({ id: randomUUID(), project: 'demo' });
  const name = jobName('requ', model.id, 1);
  const ref = { name, clusterJobId: null };
  const endpoint = async () =>
    JSON.parse((await cluster.read(`jobs/${name}/endpoint.json`)) ?? '{}') as { pid?: number };
  const sight = async (wish: (seen: JobSighting) => boolean): Promise<JobSighting> =>
    await until(`${name} to be as wished`, async () => {
      const seen = (await driver.observe([ref], signal)).sightings.get(name);
      return seen !== undefined && wish(seen) ? seen : null;
    });
  const health = ({ address }: JobSighting) =>
    fetch(`http://${address?.host}:${address?.port}/v1/models`, {
      headers: { authorization: `Bearer ${engineKey}` },
    }).then(
      ({ ok }) => ok,
      () => false,
    );

  beforeAll(async () => {
    cluster = await startTestSlurm();
    const environment = { WAKEFIELD_NODE: process.execPath, WAKEFIELD_SIMULATOR: simulator };
    driver = createDriver(
      cluster.config({ bindHost: '127.0.0.1', recipes: { simulator: { environment } } }),
      { installation: 'requ' },
    );
    const recipes = await loadRecipes();
    const spec = { ...model.spec, engine: 'simulator', engineArgs: { load_seconds: 0 } };
    const job = recipes.render({
      model: { ...model, spec },
      name,
      engineKey,
      profile: driver.profile,
    });
    ({ clusterJobId } = await driver.submit(smallJob({ ...job, name }), signal));
    const seen = await sight(({ address }) => address !== null);
    await until('the engine', async () => ((await health(seen)) ? true : null));
  });
  afterAll(async () => {
    await driver.cancel([ref], signal);
    await sight(
      ({ clusterJob }) => clusterJob?.state !== 'running' && clusterJob?.state !== 'completing',
    );
    await driver.close();
    expect(await cluster.stop()).toEqual([]);
  });

  test('its key is in a file for its user alone, and nowhere else', async () => {
    const directory = join(cluster.workingDirectory, 'jobs', name);
    for (const file of await readdir(directory)) {
      const holdsKey = (await readFile(join(directory, file), 'utf8')).includes(engineKey);
      expect([file, holdsKey]).toEqual([file, file === 'key']);
    }
    expect((await stat(join(directory, 'key'))).mode & 0o777).toBe(0o600);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    const told = [
      await cluster.slurm.client('scontrol', ['show', 'job', '-dd', clusterJobId]),
      await cluster.slurm.client('scontrol', ['write', 'batch_script', clusterJobId, '-']),
      await cluster.slurm.client('squeue', [
        '-h',
        '-O',
        'Name:200,Comment:200,Command:200,STDOUT:200',
      ]),
      (await promisify(execFile)('ps', ['-A', '-ww', '-o', 'args='])).stdout,
    ];
    for (const text of told) expect(text).not.toContain(engineKey);
  });

  test('requeued by the site: the same job, and only its new address', async () => {
    const first = await endpoint();
    // Ours ask not to be requeued; whoever runs the cluster may do it all the same.
    await cluster.slurm.client('scontrol', ['update', `jobid=${clusterJobId}`, 'requeue=1']);
    await cluster.slurm.client('scontrol', ['requeue', clusterJobId]);
    const waiting = await sight(({ clusterJob }) => clusterJob?.state === 'pending');
    // The files of its first run are still there, and are not told.
    expect(await endpoint()).toEqual(first);
    expect(waiting).toMatchObject({ address: null, exit: null });
    expect(waiting.clusterJob?.clusterJobId).toBe(clusterJobId);
    // SLURM waits until the first run's credentials have expired; here that is a matter of seconds.
    await until(
      'a new endpoint file',
      async () => {
        const { pid } = await endpoint();
        return pid !== undefined && pid !== first.pid ? true : null;
      },
      60_000,
    );
    const again = await sight(({ clusterJob }) => clusterJob?.state === 'running');
    expect(again.clusterJob?.clusterJobId).toBe(clusterJobId);
    await until('the new engine', async () => ((await health(again)) ? true : null));
  });

  test('a second job of its name takes the directory over; the first is ended and leaves no word in it', async () => {
    const first = await endpoint();
    const directory = join(cluster.workingDirectory, 'jobs', name);
    const script = join(directory, 'script');
    const words = [`--job-name=${name}`, '--parsable', '--output=/dev/null', script];
    const second = (await cluster.slurm.client('sbatch', words)).trim();
    await until('a new endpoint file', async () => {
      const { pid } = await endpoint();
      return pid !== undefined && pid !== first.pid ? true : null;
    });
    const seen = await sight(({ clusterJob }) => clusterJob?.clusterJobId === second);
    await until('the first to end', async () => {
      const live = await cluster.slurm.client('squeue', ['-h', '-n', name, '-o', '%A']);
      return live.trim() === second ? true : null;
    });
    expect(await cluster.read(`jobs/${name}/exit.json`)).toBeNull();
    await until('the second engine', async () => ((await health(seen)) ? true : null));
  });
});
