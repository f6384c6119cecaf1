import { appendFileSync, writeFileSync } from 'node:fs';
import { describe } from '@jest/globals';
import type { FaultKind } from './blame.ts';
import { privateHeappe, privateSlurm } from './clusters.ts';
import { describeFaults, type Fault } from './describe-faults.ts';
import { heappePlugs, type Plug, plugs } from './plugs.ts';

/** Every plug is pulled in both ways, or those that `npm run test:faults` names; a list is separated by commas. */
const { env } = process;
const wanted = (env.WAKEFIELD_TEST_FAULTS_ONLY ?? '').split(',').filter(Boolean);
const kind = env.WAKEFIELD_TEST_FAULTS_KIND ?? '';
const file = env.WAKEFIELD_TEST_FAULTS_TABLE ?? '';

const kinds = (['kill', 'stop'] satisfies FaultKind[]).filter((one) => kind === '' || one === kind);
const isThere = ({ plug, kind: one }: Fault) => plug.ways[one] !== undefined;
const faultsOf = (all: readonly Plug[]) =>
  all
    .filter(({ name }) => wanted.length === 0 || wanted.includes(name))
    .flatMap((plug) => kinds.map((one) => ({ plug, kind: one })))
    .filter(isThere);

const matrices = [
  { cluster: privateSlurm, faults: faultsOf(plugs) },
  { cluster: privateHeappe, faults: faultsOf(heappePlugs) },
].filter(({ faults }) => faults.length > 0);

if (file !== '') writeFileSync(file, '');

describe.each(matrices)('the fault matrix on $cluster.title', ({ cluster, faults }) => {
  describeFaults(cluster, faults, (table) => {
    const text = `On ${cluster.title}:\n\n${table}\n`;
    process.stderr.write(`\n${text}`);
    if (file !== '') appendFileSync(file, text);
  });
});
