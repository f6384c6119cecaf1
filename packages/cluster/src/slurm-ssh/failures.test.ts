import { describe, expect, test } from '@jest/globals';
import { clusterWords, slurmFailure } from './failures.ts';

describe('why a client of SLURM failed', () => {
  test.each([
    [
      'sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)',
    ],
    ['sbatch: error: Batch job submission failed: Socket timed out on send/recv operation'],
    ['sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying'],
    ['sbatch: error: Batch job submission failed: Resource temporarily unavailable'],
    ['slurm_load_jobs error: Unable to contact slurm controller (connect failure)'],
    ['slurm_load_jobs error: Zero Bytes were transmitted or received'],
    ['sbatch: error: Batch job submission failed: Slurm backup controller in standby mode'],
    [
      'sbatch: error: If munged is up, restart with --num-threads=10\nsbatch: error: Munge encode failed',
    ],
    ['sbatch: error: Batch job submission failed: Protocol authentication error'],
  ])('silence: %s', (stderr) => expect(slurmFailure('sbatch', 1, stderr).kind).toBe('unreachable'));

  test.each([
    [
      'sbatch: error: invalid partition specified: nope\nsbatch: error: Batch job submission failed: Invalid partition name specified',
      1,
    ],
    [
      'sbatch: error: Batch job submission failed: Requested time limit is invalid (missing or exceeds some limit)',
      1,
    ],
    [
      'sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified',
      1,
    ],
    [
      "sbatch: error: AssocMaxWallDurationPerJobLimit\nsbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
      1,
    ],
    ['sbatch: error: Invalid --time specification', 255],
    [
      'sbatch: error: You may not submit here\nsbatch: error: Batch job submission failed: Unspecified error',
      1,
    ],
    ['allocation failure: Requested node configuration is not available', 1],
  ])('a no: %s', (stderr, code) =>
    expect(slurmFailure('sbatch', code, stderr).kind).toBe('refused'),
  );

  test.each([
    [
      "sbatch: error: AssocMaxSubmitJobLimit\nsbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
    ],
    [
      "sbatch: error: QOSMaxSubmitJobPerUserLimit\nsbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
    ],
    [
      'sbatch: error: Batch job submission failed: Required partition not available (inactive or drain)',
    ],
  ])('no room now: %s', (stderr) => expect(slurmFailure('sbatch', 1, stderr).kind).toBe('no_room'));

  test.each([
    ["env: 'sbatch': No such file or directory", 127],
    [
      'sbatch: error: resolve_ctls_from_dns_srv: res_nsearch error: Unknown host\nsbatch: error: fetch_config: DNS SRV lookup failed\nsbatch: fatal: Could not establish a configuration source',
      1,
    ],
  ])('something to mend: %s', (stderr, code) =>
    expect(slurmFailure('sbatch', code, stderr).kind).toBe('misconfigured'),
  );

  test.each([null, Number.NaN, 124, 125, 126, 129, 137, 143, 255])(
    'a client that ended with %s has said nothing',
    (code) => {
      expect(slurmFailure('sbatch', code, '')).toMatchObject({
        kind: 'unreachable',
        message: 'sbatch was ended',
      });
      if (code !== 255)
        expect(slurmFailure('sbatch', code, 'sbatch: error: half a word').kind).toBe('unreachable');
    },
  );

  test('quotes the cluster in one line, each sentence once', () => {
    const stderr =
      'sbatch: error: invalid partition specified: nope\nsbatch: error: Batch job submission failed: Invalid partition name specified\nsbatch: error: invalid partition specified: nope\n';
    expect(clusterWords(stderr)).toBe(
      'invalid partition specified: nope; Invalid partition name specified',
    );
    expect(slurmFailure('sbatch', 1, '').message).toBe('sbatch ended with status 1');
    expect(clusterWords('x'.repeat(5000)).length).toBe(1000);
  });
});
