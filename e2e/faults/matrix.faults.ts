import { writeFileSync } from 'node:fs';
import { describe } from '@jest/globals';
import { describeFaults } from './describe-faults.ts';
import { plugs } from './plugs.ts';
import type { FaultKind } from './strike.ts';

/** Every plug is pulled in both ways, or those that `npm run test:faults` names; a list is separated by commas. */
const { env } = process;
const wanted = (env.WAKEFIELD_TEST_FAULTS_ONLY ?? '').split(',').filter(Boolean);
const kind = env.WAKEFIELD_TEST_FAULTS_KIND ?? '';
const file = env.WAKEFIELD_TEST_FAULTS_TABLE ?? '';

const kinds = (['kill', 'stop'] satisfies FaultKind[]).filter((one) => kind === '' || one === kind);
const faults = plugs
  .filter(({ name }) => wanted.length === 0 || wanted.includes(name))
  .flatMap((plug) => kinds.map((one) => ({ plug, kind: one })));

describe('the fault matrix', () => {
  describeFaults(faults, (table) => {
    process.stderr.write(`\n${table}\n`);
    if (file !== '') writeFileSync(file, table);
  });
});
