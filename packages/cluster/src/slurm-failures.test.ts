import { describe, expect, test } from '@jest/globals';
import { clusterWords, lookFailure, slurmFailure } from './slurm-failures.ts';

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
    ['slurm_load_jobs error: Rate limit exceeded, please retry momentarily'],
    ['slurm_load_jobs error: Unexpected missing socket error'],
  ])('silence: %s', (stderr) => expect(slurmFailure('sbatch', 1, stderr).kind).toBe('unreachable'));

  const said = (...lines: readonly string[]) =>
    [...lines.slice(0, -1), `Batch job submission failed: ${lines.at(-1)}`]
      .map((line) => `sbatch: error: ${line}`)
      .join('\n');
  const policy =
    "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)";

  test.each([
    [said('invalid partition specified: nope', 'Invalid partition name specified'), 1],
    [said('Requested time limit is invalid (missing or exceeds some limit)'), 1],
    [said('Invalid account or account/partition combination specified'), 1],
    [said('Invalid qos specification'), 1],
    [said('Invalid generic resource (gres) specification'), 1],
    [said('Invalid feature specification'), 1],
    [said('Invalid node name specified'), 1],
    [said('Requested reservation is invalid'), 1],
    [said('Invalid license specification'), 1],
    [said('Node count specification invalid'), 1],
    [said('Requested node configuration is not available'), 1],
    [said('More processors requested than permitted'), 1],
    [
      said(
        'Memory specification can not be satisfied',
        'Requested node configuration is not available',
      ),
      1,
    ],
    [said("User's group not permitted to use this partition"), 1],
    [said('AssocMaxWallDurationPerJobLimit', policy), 1],
    [said('QOSMaxGRESPerUser', policy), 1],
    [said('QOSMinGRES', policy), 1],
    ['sbatch: error: Invalid --time specification', 255],
    ["sbatch: unrecognized option '--gpu-bnd=x'", 255],
    ['sbatch: error: Invalid numeric value "lots" for --mem.', 255],
    [
      'sbatch: error: This does not look like a batch script.  The first\nsbatch: error: line must start with #!',
      1,
    ],
    ['allocation failure: Requested node configuration is not available', 1],
  ])('a no for good: %s', (stderr, code) =>
    expect(slurmFailure('sbatch', code, stderr).kind).toBe('refused'),
  );

  test.each([
    [said('You may not submit here', 'Unspecified error')],
    [said('Requested partition configuration not available now')],
    [said('I/O error writing script/environment to file')],
    [said(policy)],
    ['sbatch: error: cli_filter plugin terminated with error'],
    [''],
  ])('a no of which nobody knows for how long: %s', (stderr) =>
    expect(slurmFailure('sbatch', 1, stderr).kind).toBe('unclear'),
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

  test.each([
    'slurm_load_jobs error: Words that nobody has seen before',
    'squeue: error: Invalid partition specified',
    'slurm_load_jobs error: AssocMaxSubmitJobLimit',
  ])('a look that fails is never a no: %s', (stderr) =>
    expect(lookFailure('squeue', 1, stderr).kind).toBe('unreachable'),
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
