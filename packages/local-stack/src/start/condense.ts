import { createModelLines } from './model-lines.ts';

/** Levels of pino, by how much they matter. */
const ranks: Readonly<Record<string, number>> = {
  trace: 10,
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
  fatal: 60,
};

/** Fields that say what a line is about, in this order; everything else is in the file. */
const telling = [
  'kind',
  'project',
  'model',
  'serviceName',
  'serviceId',
  'method',
  'path',
  'status',
  'jobName',
  'clusterJobId',
  'cluster',
  'node',
  'phase',
  'state',
  'outcome',
  'reason',
] as const;

/** What is said about every request, or comes every few seconds: only the file has it. */
const chatter =
  /request|^(closed|ready|starting|listening|job seen|job moved on|engine not ready yet)$|^shut/;
/** What becomes of a job shows in its model's line. */
const toldByModel = /^job refused$/;

/**
 * One line of a service's log for the terminal.
 * @param up false while it starts: what a crash prints is told with the failure
 * @returns null for lines that a person watching does not need
 */
export type Condense = (line: string, up: boolean) => string | null;

/**
 * For one process.
 * @param modelLine remembers what was told of each model, so that nothing is told twice
 */
export function createCondenser(service: string, modelLine = createModelLines()): Condense {
  return (line, up) => {
    const record = parse(line);
    if (record === null) return up && line.trim() !== '' ? `${service.padEnd(9)} ${line}` : null;
    if (record.msg !== 'model reconciled') return eventLine(service, record);
    const told = modelLine(record);
    return told === null ? null : `${timeOf(record)} ${'model'.padEnd(9)} ${told}`;
  };
}

function eventLine(service: string, record: Readonly<Record<string, unknown>>): string | null {
  const level = String(record.level ?? 'info');
  const message = String(record.msg ?? '');
  const rank = ranks[level] ?? 30;
  if (rank < 30 || (rank === 30 && chatter.test(message)) || toldByModel.test(message)) return null;
  const mark = rank >= 40 ? `${level.toUpperCase()} ` : '';
  return `${timeOf(record)} ${service.padEnd(9)} ${mark}${message}${fieldsOf(record)}`;
}

function timeOf({ time }: Readonly<Record<string, unknown>>): string {
  return typeof time === 'string' ? time.slice(11, 19) : '';
}

function parse(line: string): Record<string, unknown> | null {
  if (!line.startsWith('{')) return null;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return null;
  }
}

function fieldsOf(record: Readonly<Record<string, unknown>>): string {
  const told = telling
    .filter((name) => typeof record[name] === 'string' || typeof record[name] === 'number')
    .map((name) => `${name}=${shorten(String(record[name]))}`);
  const cause = errorText(record.err ?? record.error);
  return [...told, ...(cause === null ? [] : [cause])].map((part) => `  ${part}`).join('');
}

function errorText(error: unknown): string | null {
  if (typeof error !== 'object' || error === null) return null;
  const { message, code } = error as { message?: unknown; code?: unknown };
  return shorten(String(message ?? code ?? 'error'));
}

function shorten(text: string): string {
  const [line = ''] = text.split('\n');
  return line.length > 120 ? `${line.slice(0, 119)}…` : line;
}
