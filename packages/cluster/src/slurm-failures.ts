import { ClusterError } from '@wakefield/control';

/**
 * Texts after which a call may have worked all the same, or will work later: the controller is busy, frozen, away
 * or changing over, or munge is (slurm_errno.c, slurm_protocol_api.c; SLURM words errno 11 and 110 by strerror).
 */
const silence = [
  /temporarily unable/i,
  /resource temporarily unavailable/i,
  /unable to contact slurm controller/i,
  /socket timed out/i,
  /connection (refused|timed out|reset)/i,
  /connect failure/i,
  /zero bytes were transmitted/i,
  /message (receive|send) failure/i,
  /unexpected message received/i,
  /in standby/i,
  /transport endpoint is not connected/i,
  /communication (connection|shutdown) failure/i,
  /protocol authentication error/i,
  /(invalid|expired) auth\w* credential/i,
  /munge/i,
  /missing socket error/i,
  /(rpc|rate) limit exceeded/i,
];

/**
 * A no that time turns into a yes: submit limits of associations and QOS by the words of their reason, and a
 * partition that is down, draining or inactive (slurm_errno.c; job_reason_string in slurm_protocol_defs.c).
 */
const full = [/\b(Assoc|QOS)?(Max|Grp)SubmitJobs?\w*/, /required partition not available/i];

/** The same for bash's `=~`, case ignored: after these words a submission may have been taken. */
export const doubtPattern = silence.map(({ source }) => source).join('|');

/**
 * A no that stays one until somebody changes the model, the configuration or what the account may do: a word that
 * the cluster does not know, or more than any of its nodes, partitions or limits allows a single job (slurm_errno.c,
 * opt.c; reasons of limits in slurm_protocol_defs.c, which sbatch prints before "Job violates accounting/QOS policy").
 */
const forGood = [
  /invalid (partition|account|qos|wckey|node|feature|license|generic resource|trackable resource)\b/i,
  /invalid \S+ specification/i,
  /invalid numeric value/i,
  /(unrecognized|invalid|ambiguous) option/i,
  /requested (time limit|reservation) is invalid/i,
  /requested node configuration is not available/i,
  /node count specification invalid/i,
  /more processors requested than permitted/i,
  /memory (specification can not be satisfied|required by task is not available)/i,
  /not permitted to use this partition/i,
  /access\/permission denied/i,
  /\b(Assoc|QOS)(Max|Min|Grp)\w+/,
  /batch script/i,
  /parameter too long/i,
];

/** The site or our configuration has to be mended before anything can work. */
const broken = [
  /configuration source/i,
  /fetch_config/i,
  /unable to (process|stat|open) (slurm )?conf/i,
  /no such file or directory/i,
  /command not found/i,
];

/**
 * Tells why a client of SLURM's failed.
 * @param what the program, e.g. `sbatch`
 * @param code its exit status; null when a signal ended it, NaN when none was told
 */
export function slurmFailure(what: string, code: number | null, stderr: string): ClusterError {
  const said = clusterWords(stderr);
  if (saidNothing(code, said))
    return new ClusterError('unreachable', said === '' ? `${what} was ended` : `${what}: ${said}`);
  if (code === 127)
    return new ClusterError('misconfigured', `${what} is not found on the login node: ${said}`);
  if (silence.some((pattern) => pattern.test(stderr))) return new ClusterError('unreachable', said);
  if (broken.some((pattern) => pattern.test(stderr)))
    return new ClusterError('misconfigured', `${what}: ${said}`);
  if (full.some((pattern) => pattern.test(stderr))) return new ClusterError('no_room', said);
  const kind = forGood.some((pattern) => pattern.test(stderr)) ? 'refused' : 'unclear';
  return new ClusterError(kind, said === '' ? `${what} ended with status ${code}` : said);
}

/**
 * The same for looking and cancelling, which cannot be refused for good: whatever it was, nothing is known now. Least
 * of all that a job which nobody could look for is not there.
 */
export function lookFailure(what: string, code: number | null, stderr: string): ClusterError {
  const failure = slurmFailure(what, code, stderr);
  const said = ['refused', 'unclear', 'no_room'].includes(failure.kind);
  return said ? new ClusterError('unreachable', failure.message) : failure;
}

/**
 * It did not come to an answer of its own: 124 to 126 are of timeout(1), which ran out of time or could not start it,
 * 128 and more are signals. 255 is sbatch's own for options that it cannot read, and then it says so.
 */
function saidNothing(code: number | null, said: string): boolean {
  if (code === null || Number.isNaN(code)) return true;
  if (code === 255) return said === '';
  return (code >= 124 && code <= 126) || code >= 128;
}

/** What the cluster said, for people: one line, without the program's name before each sentence, each once. */
export function clusterWords(stderr: string): string {
  const sentences = stderr
    .split('\n')
    .map((line) =>
      line
        .replace(/^\s*(sbatch|squeue|scancel|sinfo|scontrol):\s*/, '')
        .replace(/^error:\s*/, '')
        .replace(/^(Batch job submission failed|allocation failure):\s*/, '')
        .trim(),
    )
    .filter((line) => line !== '');
  return [...new Set(sentences)].join('; ').slice(0, 1000);
}
