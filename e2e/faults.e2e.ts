import { describe } from '@jest/globals';
import { privateSlurm } from './faults/clusters.ts';
import { describeFaults } from './faults/describe-faults.ts';
import { plugs } from './faults/plugs.ts';

/** `npm test` runs beside anything; whether what is promised in seconds is kept, `npm run test:faults` tells. */
const patience = 3;

/** The part of the fault matrix that every run of the tests has time for; `npm run test:faults` has all of it. */
describe('a few plugs', () => {
  const faults = ['scheduler', 'tunnel']
    .flatMap((name) => plugs.filter((plug) => plug.name === name))
    .map((plug) => ({ plug, kind: 'kill' as const }));
  describeFaults(privateSlurm, faults, () => undefined, patience);
});
