import { writeFileSync } from 'node:fs';
import { describe } from '@jest/globals';
import type { FaultKind } from './blame.ts';
import { describeFaults, type Fault } from './describe-faults.ts';
import { plugs } from './plugs.ts';

/** Every plug is pulled in both ways, or those that `npm run test:faults` names; a list is separated by commas. */
const { env } = process;
const wanted = (env.WAKEFIELD_TEST_FAULTS_ONLY ?? '').split(',').filter(Boolean);
const kind = env.WAKEFIELD_TEST_FAULTS_KIND ?? '';
const file = env.WAKEFIELD_TEST_FAULTS_TABLE ?? '';

const kinds = (['kill', 'stop'] satisfies FaultKind[]).filter((one) => kind === '' || one === kind);
const isThere = ({ plug, kind: one }: Fault) => plug.ways[one] !== undefined;
const faults = plugs
  .filter(({ name }) => wanted.length === 0 || wanted.includes(name))
  .flatMap((plug) => kinds.map((one) => ({ plug, kind: one })))
  .filter(isThere);

describe('the fault matrix', () => {
  describeFaults(faults, (table) => {
    process.stderr.write(`\n${table}\n`);
    if (file !== '') writeFileSync(file, table);
  });
});
