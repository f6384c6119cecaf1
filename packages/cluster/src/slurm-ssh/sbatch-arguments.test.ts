import { describe, expect, test } from '@jest/globals';
import { defaultPolicy, servesUntil } from '@wakefield/domain';
import { parseClusters } from '../config/load-clusters.ts';
import type { SlurmSshConfig } from '../config/slurm-ssh.ts';
import {
  checkLimits,
  formatWalltime,
  jobArguments,
  queueName,
  requestArguments,
} from './sbatch-arguments.ts';

function configOf(change: Readonly<Record<string, unknown>> = {}): SlurmSshConfig {
  const entry = {
    kind: 'slurm-ssh',
    host: 'login',
    user: 'me',
    keyFile: '/k',
    workingDirectory: '/scratch/50% of it',
    ...change,
  };
  const [cluster] = parseClusters(
    JSON.stringify({ clusters: { site: entry } }),
    '/c.yaml',
  ).clusters;
  if (cluster?.kind !== 'slurm-ssh') throw new Error('not slurm-ssh');
  return cluster;
}

const shape = {
  project: 'eu-1',
  walltimeSeconds: 3600,
  gpuCount: 2,
  nodes: 1,
  cpus: null,
  memory: null,
};

describe('the queue of a project', () => {
  const defaults = { partition: 'gpu', qos: 'normal', options: { reservation: 'r1', nice: '5' } };
  const projects = { 'eu-1': { qos: 'high', options: { reservation: false } } };

  test('is what decides for which nodes its jobs wait, in whose order', () => {
    expect(queueName(configOf(), 'eu-1')).toBe('///');
    expect(queueName(configOf({ defaults, projects }), 'eu-2')).toBe('gpu/normal//r1');
    expect(queueName(configOf({ defaults, projects }), 'eu-1')).toBe('gpu/high//');
  });
});

describe('what a job asks of SLURM', () => {
  test('the account is the project, unless the configuration says otherwise', () => {
    expect(requestArguments(configOf(), shape)).toEqual([
      '--account=eu-1',
      '--nodes=1',
      '--time=0-01:00:00',
      '--gres=gpu:2',
    ]);
    expect(requestArguments(configOf({ defaults: { account: 'A' } }), shape)).toContain(
      '--account=A',
    );
    const projects = { 'eu-1': { account: null } };
    expect(
      requestArguments(configOf({ defaults: { account: 'A' }, projects }), shape).join(' '),
    ).not.toContain('account');
  });

  test('a project replaces defaults one by one', () => {
    const config = configOf({
      defaults: {
        partition: 'p',
        qos: 'q',
        constraint: 'c',
        options: { nice: 5, exclusive: true },
      },
      projects: {
        'eu-1': { qos: 'better', constraint: null, options: { exclusive: false, tmp: '1G' } },
      },
    });
    const args = requestArguments(config, { ...shape, cpus: 8, memory: '64G' });
    expect(args).toEqual([
      '--account=eu-1',
      '--partition=p',
      '--qos=better',
      '--nodes=1',
      '--time=0-01:00:00',
      '--gres=gpu:2',
      '--cpus-per-task=8',
      '--mem=64G',
      '--nice=5',
      '--tmp=1G',
    ]);
  });

  test.each([
    ['gres', null, '--gres=gpu:2'],
    ['gres', 'h200_1g.18gb', '--gres=gpu:h200_1g.18gb:2'],
    ['gpus', null, '--gpus=6'],
    ['gpus', 'a100', '--gpus=a100:6'],
    ['gpus-per-node', 'a100', '--gpus-per-node=a100:2'],
  ])('six GPUs by %s, type %s, on three nodes', (style, type, expected) => {
    const six = { ...shape, gpuCount: 6, nodes: 3 };
    const args = requestArguments(configOf({ gpus: { style, type } }), six);
    expect(args.filter((arg) => arg.includes('gpu'))).toEqual([expected]);
  });

  test('GPUs that cannot be shared evenly are refused', () => {
    const seven = { ...shape, gpuCount: 7, nodes: 2 };
    expect(() => requestArguments(configOf(), seven)).toThrow(
      '7 GPUs cannot be shared by 2 nodes evenly',
    );
  });

  test('no GPUs where there are none', () => {
    const args = requestArguments(configOf({ gpus: { style: 'none' } }), shape);
    expect(args.join(' ')).not.toContain('gpu');
  });

  test('values are words of their own, whatever is in them', () => {
    const nasty = `a b;$(id)'"`;
    const args = requestArguments(configOf({ defaults: { account: nasty } }), shape);
    expect(args[0]).toBe(`--account=${nasty}`);
  });
});

describe('what every job has', () => {
  const job = {
    name: 'wf-main-a-1',
    directory: '/scratch/50% of it/jobs/wf-main-a-1',
    walltimeSeconds: 3600,
  };

  test('name, comment, output, and no second life', () => {
    expect(jobArguments(configOf(), job)).toEqual([
      '--job-name=wf-main-a-1',
      '--comment=wakefield:wf-main-a-1',
      '--output=/scratch/50%% of it/jobs/wf-main-a-1/batch.log',
      '--open-mode=append',
      '--no-requeue',
      '--signal=B:USR1@60',
    ]);
  });

  test('a short job is not asked to drain by SLURM, nor one that shall not', () => {
    expect(jobArguments(configOf(), { ...job, walltimeSeconds: 2399 }).join()).not.toContain(
      'signal',
    );
    expect(jobArguments(configOf({ drainBeforeEnd: 0 }), job).join()).not.toContain('signal');
  });

  test.each([60, 600, 1500, 2400, 3600, 86_400])(
    'a job of %i s serves for as long as we say: SLURM asks it to drain no earlier, up to a minute early as it may be',
    (walltimeSeconds) => {
      const serves = (servesUntil({ endsAt: 0, walltimeSeconds }, defaultPolicy) ?? 0) / -1000;
      for (const drainBeforeEnd of ['1s', '15s', '60s']) {
        const told = jobArguments(configOf({ drainBeforeEnd }), { ...job, walltimeSeconds });
        const [, signal] = /USR1@(\d+)/.exec(told.join(' ')) ?? [];
        expect(Number(signal ?? -60) + 60).toBeLessThanOrEqual(serves);
      }
    },
  );

  test.each([
    [60, '0-00:01:00'],
    [3661, '0-01:01:01'],
    [2 * 86_400 + 5, '2-00:00:05'],
  ])('%i s are %s', (seconds, text) => expect(formatWalltime(seconds)).toBe(text));

  test('the configuration sets ceilings', () => {
    const config = configOf({ limits: { walltime: '1h', gpusPerJob: 2 } });
    expect(() => checkLimits(config, shape)).not.toThrow();
    expect(() => checkLimits(config, { ...shape, gpuCount: 3 })).toThrow('at most 2 GPUs, not 3');
    expect(() => checkLimits(config, { ...shape, walltimeSeconds: 3601 })).toThrow(
      '3600 s walltime',
    );
  });
});
