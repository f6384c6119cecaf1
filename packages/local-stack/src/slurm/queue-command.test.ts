import { expect, test } from '@jest/globals';
import { queueCommand } from './queue-command.ts';

test.each([
  ['/usr/bin:/bin', null, '/d/slurm.conf', 'SLURM_CONF=/d/slurm.conf squeue'],
  ['/d/bin:/usr/bin', {}, "/my d'/c", `SLURM_CONF='/my d'\\''/c' /d/bin/squeue`],
])('PATH %s, unpacked %j', (path, unpacked, conf, expected) => {
  const where = unpacked === null ? null : { pluginDirectory: '', slurmstepd: '' };
  expect(queueCommand({ path, unpacked: where }, conf)).toBe(expected);
});
