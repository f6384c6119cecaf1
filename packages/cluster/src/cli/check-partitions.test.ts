import { expect, test } from '@jest/globals';
import { checkPartitions } from './check-partitions.ts';
import { formatFinding } from './terminal.ts';

const sinfo = `gpu*|up|1-00:00:00|gpu:h200:4(S:0-1),shard:8|h200,nvlink
gpu*|up|1-00:00:00|gpu:a100:8|a100
debug|up|5:00|gpu:2|(null)
cpu|up|infinite|(null)|(null)
old|drain|2-00:00:00|gpu:v100:2|v100
`;
type Request = Parameters<typeof checkPartitions>[0];
const gpus = (over: Partial<Request['gpus']> = {}): Request['gpus'] => ({
  style: 'gres',
  type: null,
  ...over,
});
const found = (defaults: Partial<Request['defaults']>, over = gpus(), text = sinfo) =>
  [
    ...checkPartitions({ defaults: { options: {}, limits: {}, ...defaults }, gpus: over }, text),
  ].map(formatFinding);

test.each<[string, Partial<Request['defaults']>, Request['gpus'], readonly RegExp[]]>([
  [
    'what is there',
    { partition: 'gpu' },
    gpus({ type: 'h200' }),
    [
      /^✔ partition gpu +up, at most 1-00:00:00 a job, gpu:h200:4, gpu:a100:8$/,
      /^✔ gpus.type .*gpu:h200:4$/,
    ],
  ],
  ['the default', {}, gpus(), [/^✔ partition +gpu by default, up/]],
  ['null like the default', { partition: null }, gpus(), [/^✔ partition +gpu by default/]],
  [
    'a partition that is not',
    { partition: 'gpus' },
    gpus(),
    [
      /^✘ partition gpus +there is no such partition; there are gpu, debug, cpu, old\n.*defaults\.partition/,
    ],
  ],
  ['one of two', { partition: 'gpu,nope' }, gpus(), [/^✔ partition gpu/, /^✘ partition nope/]],
  [
    'a type that is not',
    { partition: 'gpu' },
    gpus({ type: 'h100' }),
    [/^✔/, /^✘ gpus.type +there is no h100: gpu has gpu:h200:4, gpu:a100:8\n.*one of h200, a100/],
  ],
  [
    'a type where GPUs have none',
    { partition: 'debug' },
    gpus({ type: 'h100' }),
    [/^✔/, /^✘ gpus.type +there is no h100: debug has gpu:2\n.*gpus\.type: null/],
  ],
  ['no GPUs', { partition: 'cpu' }, gpus(), [/^✔ .*no GPUs/, /^✘ gpus.type +cpu has no GPUs/]],
  ['no GPUs wanted', { partition: 'cpu' }, gpus({ style: 'none' }), [/^✔ partition cpu/]],
  ['one that is down', { partition: 'old' }, gpus(), [/^! partition old +takes no jobs now/]],
  [
    'a feature that is not',
    { partition: 'gpu', constraint: 'h100' },
    gpus(),
    [/^✔/, /^✘ constraint +no node of gpu has the feature h100; there are h200, nvlink, a100/],
  ],
  ['a feature that is', { partition: 'gpu', constraint: 'nvlink' }, gpus(), [/^✔/]],
  ['an expression of features', { partition: 'gpu', constraint: '[a&b]' }, gpus(), [/^✔/]],
])('tells %s', (_, defaults, over, expected) => {
  const lines = found(defaults, over);
  expect(lines).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
});

test('an answer that is none says what was said', () => {
  const error = 'slurm_load_partitions: Unable to contact slurm controller (connect failure)\n';
  expect(found({}, gpus(), error)).toEqual([
    expect.stringMatching(/^! partition +slurm_load_partitions: Unable to contact/),
  ]);
  expect(found({}, gpus(), '')).toEqual([expect.stringMatching(/sinfo says nothing/)]);
});
