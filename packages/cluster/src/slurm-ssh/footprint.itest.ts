import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { ClusterDriver, JobSubmission } from '@wakefield/control';
import { startTestSlurm, type TestSlurm } from '@wakefield/testkit';
import { createDriver } from '../create-driver.ts';

jest.setTimeout(60_000);
const signal = new AbortController().signal;

/** What runs of ours on a login node: people share it, and a login that starts too much harms them all. */
describe('on the login node', () => {
  let cluster: TestSlurm;
  let driver: ClusterDriver;
  let folder: string;
  /** Programs that were started there since the last call. */
  const started = async (): Promise<readonly string[]> => {
    const text = await readFile(join(folder, 'started'), 'utf8').catch(() => '');
    await rm(join(folder, 'started'), { force: true });
    return text.split('\n').filter((line) => line !== '');
  };
  /** Processes of the session in which squeue ran, seen while it did. */
  const session = async (): Promise<readonly string[]> =>
    (await readFile(join(folder, 'session'), 'utf8')).trim().split('\n');

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wf-footprint-'));
    // Each writes down that it was started, then is what it is called.
    const recorder = `#!/bin/sh
echo "\${0##*/}" >>'${folder}/started'
[ "\${0##*/}" != squeue ] || ps -o pid=,args= --sid $(ps -o sid= -p $$) >'${folder}/session'
[ ! -e '${folder}/endless' ] || [ "\${0##*/}" != squeue ] || exec yes '1|RUNNING|None|cn01|N/A|N/A|N/A|endless'
exec "/usr/bin/\${0##*/}" "$@"
`;
    const programs =
      'squeue sbatch scancel timeout env base64 tee head tail tr id cat grep xargs mkdir chmod rm mv date ls';
    for (const program of programs.split(' ')) {
      await writeFile(join(folder, program), recorder);
      await chmod(join(folder, program), 0o755);
    }
    // What Lmod sets on many clusters. Here it would start the chain that it starts there.
    await writeFile(join(folder, 'bash-env'), `echo bash-env >>'${folder}/started'\n`);
    cluster = await startTestSlurm({
      nodes: [{ name: 'cn01', gres: '', features: '' }],
      loginEnvironment: {
        PATH: `${folder}:/usr/local/bin:/usr/bin:/bin`,
        BASH_ENV: join(folder, 'bash-env'),
        // As sshd starts the login's own shell elsewhere: such a one reads ~/.bashrc, and not BASH_ENV (bash(1), Invocation).
        SHLVL: '0',
      },
    });
    driver = createDriver(cluster.config(), { installation: 'foot' });
  });
  afterAll(async () => {
    await driver.close();
    expect(await cluster.stop()).toEqual([]);
    await rm(folder, { recursive: true, force: true });
  });

  test('a look starts a handful of programs, however often and however much', async () => {
    await driver.observe([], signal);
    await started();
    for (let look = 0; look < 10; look++) await driver.observe([], signal);
    const ten = await started();
    expect(ten.filter((program) => program === 'squeue')).toHaveLength(10);
    expect(ten.length / 10).toBeLessThanOrEqual(8);
    // A hundred jobs cost what one does: one grep reads all of their files.
    const refs = Array.from({ length: 100 }, (_, index) => ({
      name: `wf-foot-0000000000000000-${index}`,
      clusterJobId: null,
    }));
    await driver.observe(refs, signal);
    expect((await started()).length).toBeLessThanOrEqual(12);
  });

  test('one shell waits for the next look; none is added with time', async () => {
    await Promise.all(Array.from({ length: 6 }, () => driver.observe([], signal)));
    for (let look = 0; look < 5; look++) await driver.observe([], signal);
    const lines = await session();
    expect(lines.filter((line) => line.includes('while read -r size marker'))).not.toHaveLength(0);
    expect(lines.length).toBeLessThanOrEqual(12);
  });

  test('BASH_ENV of the login is run by no shell of ours', async () => {
    await started();
    const fresh = createDriver(cluster.config(), { installation: 'foot' });
    for (let look = 0; look < 3; look++) await fresh.observe([], signal);
    await fresh.close();
    const programs = await started();
    expect(programs.filter((program) => program === 'squeue')).toHaveLength(3);
    expect(programs).not.toContain('bash-env');
  });

  test('a queue without end is an error, and ends', async () => {
    await writeFile(join(folder, 'endless'), '');
    await expect(driver.observe([], signal)).rejects.toMatchObject({ kind: 'unreachable' });
    await rm(join(folder, 'endless'));
    expect((await driver.observe([], signal)).sightings.size).toBe(0);
  });

  test('a submission starts little besides squeue and sbatch', async () => {
    const job = (seq: number): JobSubmission => ({
      name: `wf-foot-0000000000000000-${seq}`,
      project: 'p',
      engine: 'simulator',
      script: '#!/bin/bash\ntrue\n',
      secretFiles: { 'engine-key': 'k', another: 'x' },
      walltimeSeconds: 60,
      gpuCount: 0,
      nodes: 1,
      cpus: null,
      memory: null,
    });
    await driver.submit(job(200), signal);
    await started();
    await driver.submit(job(201), signal);
    const programs = await started();
    expect(programs.filter((program) => /^(squeue|sbatch)$/.test(program))).toHaveLength(2);
    expect(programs.length).toBeLessThanOrEqual(15);
  });
});
