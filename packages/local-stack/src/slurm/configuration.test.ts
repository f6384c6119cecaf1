import { describe, expect, test } from '@jest/globals';
import {
  type ConfigurationInput,
  deviceCount,
  gresConf,
  slurmConf,
  sshdConf,
} from './configuration.ts';
import { portsFrom } from './layout.ts';
import { needsCgroupConf } from './tools.ts';

const input: ConfigurationInput = {
  directory: '/d',
  clusterName: 'c',
  hostname: 'me',
  user: 'u',
  ports: portsFrom(12_000),
  nodes: [
    { name: 'cn01', gres: 'gpu:h200:4,shard:16', features: 'fast' },
    { name: 'cn02', gres: 'gpu:h200_1g.18gb:4,gpu:h200_3g.71gb:2', features: '' },
    { name: 'cn03', gres: 'gpu:2', features: '' },
    { name: 'cn04', gres: '', features: '' },
  ],
  partitions: ['PartitionName=p Nodes=ALL Default=YES'],
  minJobAge: 300,
  killWait: 2,
  slurmdTimeout: 5,
  extra: ['SlurmctldDebug=info'],
  loginEnvironment: {},
  pluginDirectory: null,
};

describe('files of a private SLURM', () => {
  test('GPUs are devices of each node, counted from zero', () => {
    expect(gresConf('/d', input.nodes)).toBe(
      [
        'NodeName=cn01 Name=gpu Type=h200 File=/d/dev/gpu[0-3]',
        'NodeName=cn01 Name=shard Count=16',
        'NodeName=cn02 Name=gpu Type=h200_1g.18gb File=/d/dev/gpu[0-3]',
        'NodeName=cn02 Name=gpu Type=h200_3g.71gb File=/d/dev/gpu[4-5]',
        'NodeName=cn03 Name=gpu File=/d/dev/gpu[0-1]',
        '',
      ].join('\n'),
    );
    expect(deviceCount(input.nodes)).toBe(6);
    expect(() => gresConf('/d', [{ name: 'x', gres: 'gpu:h200', features: '' }])).toThrow(
      'gpu:h200',
    );
  });

  test('everything listens on loopback, on ports of one block', () => {
    const conf = slurmConf(input);
    expect(conf).toContain('SlurmctldHost=me(127.0.0.1)\nSlurmctldPort=12000\n');
    expect(conf).toContain('CommunicationParameters=NoCtldInAddrAny,NoInAddrAny\n');
    expect(conf).toContain('NodeName=cn02 NodeHostname=me NodeAddr=127.0.0.1 Port=12002 Gres=');
    expect(conf).toContain('NodeName=cn04 NodeHostname=me NodeAddr=127.0.0.1 Port=12004\n');
    expect(conf).toContain('GresTypes=gpu,shard\n');
    expect(conf).not.toContain('PluginDir');
    expect(conf.trimEnd().endsWith('SlurmctldDebug=info')).toBe(true);
  });

  test('an unpacked SLURM says where its plugins are', () => {
    expect(slurmConf({ ...input, pluginDirectory: '/p' })).toContain('PluginDir=/p\n');
  });

  test('sshd takes keys only, and sets the environment of logins', () => {
    const conf = sshdConf({
      directory: '/d',
      port: 12_020,
      environment: { SLURM_CONF: '/d/c', A: 'b c' },
    });
    expect(conf).toContain('ListenAddress 127.0.0.1\n');
    expect(conf).toContain('PasswordAuthentication no\n');
    expect(conf).toContain('SetEnv SLURM_CONF="/d/c" A="b c"\n');
  });

  test.each([
    ['slurm-wlm 22.05.8', false],
    ['slurm 23.11.4', true],
    ['slurm-wlm 24.11.5', true],
    ['slurm 25.05.0', true],
  ])('%s wants cgroup.conf: %s', (version, wanted) =>
    expect(needsCgroupConf(version)).toBe(wanted),
  );
});
