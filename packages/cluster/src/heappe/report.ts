import type { EpochMs } from '@wakefield/domain';

/** What the launcher says of its job (launcher.ts). */
export interface JobReport {
  readonly startedAt: EpochMs | null;
  readonly terminatedAt: EpochMs | null;
  /** Status of the job's script, and when that was over. */
  readonly ended: { readonly status: number; readonly at: EpochMs } | null;
  /** Bytes of the job's log, some seconds ago or at its end. */
  readonly logBytes: number | null;
  /** Bytes that were cut off before them. */
  readonly logCut: number;
  /** First lines of files of the job, as they are. */
  readonly files: Readonly<Record<string, string>>;
}

const files = new Set(['endpoint.json', 'exit.json', 'gpu', 'stage']);

/** Of no text, a report that says nothing; of lines that are none, nothing. */
export function parseReport(text: string): JobReport {
  const facts = new Map<string, string>();
  for (const line of text.split('\n')) {
    const at = line.indexOf(' ');
    if (at > 0) facts.set(line.slice(0, at), line.slice(at + 1));
  }
  const [status = null, at = null] = numbers(facts.get('ended'));
  const [logBytes = null, logCut = 0] = numbers(facts.get('log'));
  return {
    startedAt: numbers(facts.get('started'))[0] ?? null,
    terminatedAt: numbers(facts.get('terminated'))[0] ?? null,
    ended: status === null || at === null ? null : { status, at },
    logBytes,
    logCut,
    files: Object.fromEntries([...facts].filter(([name]) => files.has(name))),
  };
}

function numbers(text: string | undefined): readonly number[] {
  return text !== undefined && /^\d{1,15}( \d{1,15})*$/.test(text)
    ? text.split(' ').map(Number)
    : [];
}
