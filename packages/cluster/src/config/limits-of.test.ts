import { expect, test } from '@jest/globals';
import { limitsOf } from './limits-of.ts';
import { parseClusters } from './load-clusters.ts';

const text = `clusters:
  here:
    kind: local
    directory: jobs
    limits: { jobs: 16 }
    defaults: { limits: { jobs: 4, gpus: 8 } }
    projects:
      eu-1: { limits: { gpus: 32 } }
      eu-2: { limits: { jobs: null } }
      eu-3: {}
`;

test.each<[string, number | null, number | null]>([
  ['unnamed', 4, 8],
  ['eu-1', 4, 32],
  ['eu-2', null, 8],
  ['eu-3', 4, 8],
  ['constructor', 4, 8],
])("a project's own numbers replace the defaults one by one: %s", (project, jobs, gpus) => {
  const [config] = parseClusters(text, 'clusters.yaml').clusters;
  if (config === undefined) throw new Error('no cluster');
  expect(limitsOf(config, project)).toEqual({ jobs: 16, project: { jobs, gpus } });
});

test('without a word there is no limit', () => {
  const bare = 'clusters: { here: { kind: local, directory: jobs } }';
  const [config] = parseClusters(bare, 'clusters.yaml').clusters;
  if (config === undefined) throw new Error('no cluster');
  expect(limitsOf(config, 'any')).toEqual({ jobs: null, project: { jobs: null, gpus: null } });
});
