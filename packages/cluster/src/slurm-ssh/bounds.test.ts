import { describe, expect, test } from '@jest/globals';
import type { ClusterBounds } from '@wakefield/domain';
import { parseClusters } from '../config/load-clusters.ts';
import { boundsOf } from './bounds.ts';

/** A centre as sinfo tells of it: the default partition has no GPUs, `gpu` two kinds of nodes, `long` has no end. */
const centre = `
cpu*|300|96|191000|(null)|2-00:00:00|1-100
cpu*|4|96|386000|(null)|2-00:00:00|1-100
gpu|2|128|1031000|gpu:h200:8(S:0-1),shard:h200:32|12:00:00|1-infinite
gpu|6|64|515000|gpu:a100:4(S:0-3)|12:00:00|1-infinite
mixed|1|64|515000|gpu:a100:2,gpu:mig:3,gpu_mem:80|30:00|1
long|2|64|1|gpu:2|infinite|2-2
`;

function bounds(change: object, sinfo = centre): ClusterBounds {
  const entry = {
    kind: 'slurm-ssh',
    host: 'login',
    user: 'me',
    keyFile: 'key',
    hostKey: 'SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    workingDirectory: '/scratch/me',
    ...change,
  };
  const text = JSON.stringify({ clusters: { here: entry } });
  const [config] = parseClusters(text, '/etc/clusters.yaml').clusters;
  if (config?.kind !== 'slurm-ssh') throw new Error('not a slurm-ssh cluster');
  return boundsOf(config, sinfo);
}

const mebibytes = (count: number) => count * 2 ** 20;
const gpu = { nodes: 8, cpus: 128, memoryBytes: mebibytes(1_031_000), gpus: 8, minutes: 720 };
const cpu = { nodes: 100, cpus: 96, memoryBytes: mebibytes(386_000), gpus: 0, minutes: 2880 };

describe('what one job may ask of a SLURM', () => {
  test.each<[string, object, ClusterBounds]>([
    ['the default partition, where none is named', {}, cpu],
    ['the named one', { defaults: { partition: 'gpu' } }, gpu],
    [
      'a type of GPU',
      { defaults: { partition: 'gpu' }, gpus: { type: 'a100' } },
      { ...gpu, gpus: 4 },
    ],
    [
      'a type that is not there',
      { defaults: { partition: 'gpu' }, gpus: { type: 'b300' } },
      { ...gpu, gpus: 0 },
    ],
    [
      'GPUs of several types, nothing that is called like one',
      { defaults: { partition: 'mixed' } },
      { nodes: 1, cpus: 64, memoryBytes: mebibytes(515_000), gpus: 5, minutes: 30 },
    ],
    [
      'jobs that ask for no GPUs',
      { defaults: { partition: 'gpu' }, gpus: { style: 'none' } },
      { ...gpu, gpus: 0 },
    ],
    [
      'the most of several partitions',
      { defaults: { partition: 'gpu,cpu' } },
      { ...gpu, nodes: 100, minutes: 2880 },
    ],
    [
      'the most of all projects',
      { defaults: { partition: 'gpu' }, projects: { a: { partition: null }, b: {} } },
      { ...gpu, nodes: 100, minutes: 2880 },
    ],
    [
      'neither time nor memory where none is said',
      { defaults: { partition: 'long' } },
      { nodes: 2, cpus: 64, gpus: 2 },
    ],
    [
      'no limits of a partition where a QOS may go beyond them',
      { defaults: { qos: 'long' } },
      { nodes: 304, cpus: 96, memoryBytes: mebibytes(386_000), gpus: 0 },
    ],
    [
      'ceilings of the configuration, where they are lower',
      { defaults: { partition: 'gpu' }, limits: { walltime: '90m', gpusPerJob: 2 } },
      { ...gpu, gpus: 2, minutes: 90 },
    ],
    [
      'or higher',
      { defaults: { partition: 'gpu' }, limits: { walltime: '7d', gpusPerJob: 64 } },
      gpu,
    ],
    [
      'or alone',
      { defaults: { partition: 'gone' }, limits: { walltime: '90m', gpusPerJob: 2 } },
      { gpus: 2, minutes: 90 },
    ],
    ['nothing of a partition that is not there', { defaults: { partition: 'gone' } }, {}],
  ])('%s', (_name, change, expected) => {
    expect(bounds(change)).toEqual(expected);
  });

  test.each([
    '',
    'Welcome!\n***|***\n',
    'cpu*|many|96|191000|(null)|infinite|1-infinite',
    'cpu*|3|96',
  ])('nothing is read from %j', (sinfo) => expect(bounds({}, sinfo)).toEqual({}));
});
