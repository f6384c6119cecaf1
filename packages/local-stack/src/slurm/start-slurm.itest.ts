import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { pollTrue } from '../process/poll.ts';
import { isAlive, listProcesses } from '../process/process-table.ts';
import { startSlurm } from './start-slurm.ts';
import { processesOf } from './strays.ts';

jest.setTimeout(60_000);
const within = { timeoutMs: 20_000, everyMs: 50 };

describe('a private SLURM', () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'wf-private-slurm-'));
  });
  afterAll(async () => {
    await rm(root, { recursive: true, force: true });
  });

  const ofDirectory = (directory: string) => {
    const pids = processesOf(directory);
    return listProcesses().filter(({ pid }) => pids.includes(pid));
  };

  test('runs jobs with GPUs, and leaves nothing when it is stopped', async () => {
    const directory = join(root, 'one');
    const slurm = await startSlurm({ directory });
    expect(slurm.strays()).toEqual([]);
    const out = join(root, 'one.out');
    await slurm.client('sbatch', ['--gres=gpu:a100:2', '-o', out, '--wrap', 'sleep 300']);
    await slurm.client('sbatch', [
      '--gres=gpu:h200:1',
      '-o',
      out,
      '--wrap',
      'env; trap "" TERM; sleep 300',
    ]);
    expect(
      await pollTrue(
        within,
        async () =>
          (await slurm.client('squeue', ['-h', '-t', 'R'])).trim().split('\n').length === 2,
      ),
    ).toBe(true);
    expect(slurm.strays().length).toBeGreaterThan(0);
    await slurm.stop();
    expect(slurm.strays()).toEqual([]);
    expect(ofDirectory(directory)).toEqual([]);
    expect(existsSync(directory)).toBe(true);
  });

  test('that does not come up says whose fault it is, in its own words', async () => {
    const directory = join(root, 'broken');
    const broken = startSlurm({ directory, extra: ['NoSuchOption=1'] });
    await expect(broken).rejects.toThrow(
      /did not come up\. slurmctld did not start.*NoSuchOption/s,
    );
    expect(ofDirectory(directory)).toEqual([]);
  });

  test('several run side by side, each with its own jobs', async () => {
    const [first, second] = await Promise.all([
      startSlurm({ directory: join(root, 'a') }),
      startSlurm({ directory: join(root, 'b') }),
    ]);
    expect(first.ssh.port).not.toBe(second.ssh.port);
    await first.client('sbatch', ['-H', '--wrap', 'true']);
    expect((await second.client('squeue', ['-h'])).trim()).toBe('');
    await Promise.all([first.stop({ remove: true }), second.stop({ remove: true })]);
    expect(existsSync(join(root, 'a'))).toBe(false);
  });

  test('keeps its jobs and its keys over a restart if told to, and forgets them if not', async () => {
    const directory = join(root, 'kept');
    const first = await startSlurm({ directory, keepState: true });
    const { hostKey, port } = first.ssh;
    await first.client('sbatch', ['-H', '-J', 'held', '--wrap', 'true']);
    await first.stop();

    const second = await startSlurm({ directory, keepState: true });
    expect(second.ssh).toMatchObject({ hostKey, port });
    // Jobs are ended by stop(); ids go on.
    expect(await second.client('sbatch', ['--parsable', '-H', '--wrap', 'true'])).toBe('2\n');
    await second.stop();

    const third = await startSlurm({ directory });
    expect(await third.client('sbatch', ['--parsable', '-H', '--wrap', 'true'])).toBe('1\n');
    await third.stop();
  });

  test('works in a directory whose path is too long for sockets', async () => {
    const directory = join(root, 'x'.repeat(100));
    const slurm = await startSlurm({ directory });
    expect(slurm.ssh.keyFile.startsWith(directory)).toBe(true);
    await slurm.client('sbatch', ['--wrap', 'true']);
    await slurm.stop({ remove: true });
  });

  test('single daemons are ended, frozen and started again', async () => {
    const slurm = await startSlurm({ directory: join(root, 'faults') });
    for (const name of slurm.daemons.names()) {
      const pid = slurm.daemons.pid(name) ?? 0;
      expect(isAlive(pid)).toBe(true);
      await slurm.daemons.end(name, 'SIGKILL');
      expect([isAlive(pid), slurm.daemons.pid(name)]).toEqual([false, null]);
      await slurm.daemons.start(name);
    }
    await slurm.settled();
    slurm.daemons.freeze('slurmctld');
    slurm.daemons.thaw('slurmctld');
    await slurm.client('sinfo', []);
    await slurm.stop({ remove: true });
  });

  test('dies with the process that started it, and starts again over what is left', async () => {
    const directory = join(root, 'orphaned');
    const script = `import { startSlurm } from ${JSON.stringify(join(import.meta.dirname, 'start-slurm.ts'))};
      const slurm = await startSlurm({ directory: ${JSON.stringify(directory)} });
      await slurm.client('sbatch', ['-o', '/dev/null', '--wrap', 'sleep 300']);
      // Its end must not depend on how this test goes.
      process.stdin.resume().on('end', () => process.exit());`;
    const args = ['--conditions=source', '--input-type=module', '-e', script];
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'ignore', 'ignore'] });
    const running = () =>
      ofDirectory(directory).filter(({ command }) => command.includes('slurm_script'));
    expect(await pollTrue(within, () => running().length > 0)).toBe(true);
    child.kill('SIGKILL');
    const daemons = () =>
      ofDirectory(directory).filter(({ command }) =>
        /^\S*(slurmctld|slurmd|munged|sshd) /.test(command),
      );
    expect(await pollTrue(within, () => daemons().length === 0)).toBe(true);
    // The job outlives its cluster, as a real one would.
    expect(running()).toHaveLength(1);
    const again = await startSlurm({ directory });
    expect(running()).toEqual([]);
    await again.stop({ remove: true });
  });
});
