import type { ClusterName } from '../vocabulary/ids.ts';
import type { ClusterJobState, ExitRecord } from '../vocabulary/observed.ts';

/** How much of a job's log goes into a reason, in characters. */
const maxLogTail = 2_000;

/** Why a job waits, in words that a person can act on. Keys are SLURM's (man squeue, JOB REASON CODES). */
export function waitingWords(reason: string | null): string {
  if (reason === null || reason === '' || reason === 'None') return 'Waiting in the queue.';
  const meaning = meanings.find(({ pattern }) => pattern.test(reason))?.words;
  return meaning === undefined
    ? `Waiting in the queue: ${reason}.`
    : `Waiting in the queue: ${meaning} (${reason}).`;
}

const meanings: readonly { readonly pattern: RegExp; readonly words: string }[] = [
  { pattern: /^Resources$/, words: 'no free resources yet' },
  { pattern: /^Priority$/, words: 'jobs of higher priority come first' },
  { pattern: /^BeginTime$/, words: 'the cluster starts it later' },
  { pattern: /^Dependency/, words: 'it depends on another job' },
  { pattern: /^JobHeld/, words: 'it is held; release it with scontrol release' },
  { pattern: /^(QOS|Assoc|Max)/, words: 'a limit of the account is reached' },
  {
    pattern: /^(ReqNodeNotAvail|Reservation|Nodes?Down|Partition)/,
    words: 'nodes or partition are not available',
  },
  { pattern: /^BadConstraints$/, words: 'no node can ever fulfil what it asks for' },
];

/** What is known of the end of a job. */
export interface Ending {
  readonly state: ClusterJobState | null;
  /** The cluster's own words. */
  readonly reason: string | null;
  readonly exit: ExitRecord | null;
  readonly wasReady: boolean;
  readonly logTail: string | null;
  readonly cluster: ClusterName;
}

export const asAskedWords = 'Ended as asked.';

export function failedWords(ending: Ending): string {
  const { exit, reason } = ending;
  const words = named(reason) ? ` (${reason})` : '';
  if (exit === null) return `The job failed on the cluster${words}.`;
  return exit.cause === 'engine'
    ? `The engine ended with exit code ${exit.exitCode}${words}.`
    : `The job was ended by the cluster with exit code ${exit.exitCode}${words}.`;
}

export function notSetUpWords({ exit, cluster }: Ending): string {
  if (exit?.missing !== undefined)
    return `There is no program ${exit.missing} on cluster ${cluster}, and its recipe needs it.`;
  return exit?.cause === 'absent'
    ? `The engine is not installed on cluster ${cluster}.`
    : `The set-up of the engine failed on cluster ${cluster}.`;
}

export function timeoutWords({ wasReady }: Ending): string {
  return wasReady
    ? 'Its walltime was over.'
    : 'Its walltime was over before the engine was ready: it needs more walltime.';
}

/** The sentence, and below it the end of the log where there is one. */
export function withLog(sentence: string, logTail: string | null): string {
  const tail = logTail === null ? '' : boundedTail(logTail);
  return tail === '' ? sentence : `${sentence}${logFollows}${tail}`;
}

/** The sentence alone. What engines write may be confidential: it is for who reads the model, not for logs or callers. */
export function withoutLog(reason: string): string {
  const at = reason.indexOf(logFollows);
  return at === -1 ? reason : reason.slice(0, at);
}

const logFollows = ' The end of its log:\n';

/** Whole lines from the end, without what terminals and databases choke on. */
function boundedTail(log: string): string {
  const clean = printable(log.slice(-8 * maxLogTail)).trimEnd();
  if (clean.length <= maxLogTail) return clean.trim();
  const cut = clean.slice(-maxLogTail);
  const line = cut.indexOf('\n');
  return (line === -1 ? cut : cut.slice(line + 1)).toWellFormed().trim();
}

/** Without colours (ECMA-48 CSI sequences) and control characters; progress bars keep their last state. */
function printable(text: string): string {
  const lines = text.replaceAll(csi, '').split('\n').map(afterLastReturn);
  return [...lines.join('\n')]
    .filter((character) => character === '\n' || character === '\t' || character >= ' ')
    .join('')
    .toWellFormed();
}

/** What a terminal shows of a line that was written over and over. */
function afterLastReturn(line: string): string {
  const text = line.trimEnd();
  return text.slice(text.lastIndexOf('\r') + 1);
}

const csi = new RegExp(`${String.fromCharCode(27)}\\[[0-?]*[ -/]*[@-~]`, 'g');

function named(reason: string | null): boolean {
  return reason !== null && reason !== '' && reason !== 'None';
}
