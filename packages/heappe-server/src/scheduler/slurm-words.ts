import type { Prediction, ScheduledJob } from './scheduler.ts';

/** `scontrol show JobId -o`: one job per line, `Key=Value` with blanks between. */
export function readJobs(text: string): readonly ScheduledJob[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('JobId='))
    .map(readJob);
}

function readJob(line: string): ScheduledJob {
  const values = new Map(
    [...line.matchAll(/(\S+?)=(\S*)/g)].map(([, key = '', value = '']) => [key, value]),
  );
  const value = (key: string) => {
    const text = values.get(key) ?? '';
    return ['', '(null)', 'N/A', 'Unknown', 'None'].includes(text) ? null : text;
  };
  const time = (key: string) => {
    const text = value(key);
    return text === null ? null : Date.parse(text);
  };
  return {
    id: value('JobId') ?? '',
    state: value('JobState') ?? 'UNKNOWN',
    reason: value('Reason'),
    nodes: expandNodes(value('NodeList') ?? ''),
    startTime: time('StartTime'),
    endTime: time('EndTime'),
    runSeconds: seconds(value('RunTime') ?? '00:00:00'),
  };
}

/** `[days-]hours:minutes:seconds`. */
function seconds(text: string): number {
  const [clock = '', days = '0'] = text.split('-').reverse();
  const [hours = 0, minutes = 0, rest = 0] = clock.split(':').map(Number);
  return Number(days) * 86_400 + hours * 3600 + minutes * 60 + rest;
}

/** `cn[01-03,07],login` as single names. */
export function expandNodes(text: string): readonly string[] {
  return [...text.matchAll(/([^[,]+)(?:\[([^\]]+)\])?/g)].flatMap(([, stem = '', ranges]) => {
    if (ranges === undefined) return [stem];
    return ranges.split(',').flatMap((range) => {
      const [first = '', last = first] = range.split('-');
      const length = Number(last) - Number(first) + 1;
      return Array.from(
        { length },
        (_, index) => `${stem}${String(Number(first) + index).padStart(first.length, '0')}`,
      );
    });
  });
}

/** What `sbatch --test-only` says on its stderr. */
export function readPrediction(text: string): Prediction | null {
  const match =
    /Job (\d+) to start at (\S+) using (\d+) processors on nodes (\S+) in partition (\S+)/.exec(
      text,
    );
  if (match === null) return null;
  const [, jobId = '', startTime = '', processors = '', node = '', partition = ''] = match;
  return {
    jobId: Number(jobId),
    startTime,
    processors: Number(processors),
    node,
    partition,
    message: text,
  };
}
