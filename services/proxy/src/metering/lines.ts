import type { EpochMs, RequestOutcome, UsageRecord } from '@wakefield/domain';
import { quoted, quotedOrNull } from '@wakefield/runtime';

/** A request that went to an engine: what is known of it until it ends, should its end never be written. */
export interface Begun {
  /** Of its record. */
  readonly id: string;
  /** When it was sent. */
  readonly at: EpochMs;
  readonly project: string;
  readonly hfModelId: string | null;
  /** null: it is for a model. */
  readonly service: string | null;
  readonly principal: string | null;
  readonly operation: string;
  readonly streamed: boolean;
  /** Guessed. */
  readonly promptTokens: number;
}

/** One line of the spool. */
export type SpoolLine =
  | { readonly kind: 'begun'; readonly begun: Begun }
  | { readonly kind: 'record'; readonly record: UsageRecord };

/**
 * Written by hand: it is done twice for each request, and text of ours needs no escapes. What is about services and bytes alone stands
 * at the end, and only where there is any: lines about models are the same in every release.
 */
export function begunLine(begun: Begun): string {
  const service = begun.service === null ? '' : `,"${begun.service}"`;
  return `b["${begun.id}",${begun.at},${namesOf(begun)},${begun.streamed},${begun.promptTokens}${service}]\n`;
}

export function recordLine(record: UsageRecord): string {
  const { id, at, status, outcome, streamed, estimated } = record;
  const tokens = `${record.promptTokens},${record.completionTokens},${record.cachedTokens}`;
  const times = `${record.durationMs},${record.firstByteMs},${record.heldMs}`;
  return `r["${id}",${at},${namesOf(record)},${streamed},${status},"${outcome}",${estimated},${tokens},${times}${passedOf(record)}]\n`;
}

function passedOf({ service, bytesUp, bytesDown }: UsageRecord): string {
  if (service === null && bytesUp === 0 && bytesDown === 0) return '';
  return `,${service === null ? 'null' : `"${service}"`},${bytesUp},${bytesDown}`;
}

function namesOf({
  project,
  hfModelId,
  principal,
  operation,
}: Pick<Begun, 'project' | 'hfModelId' | 'principal' | 'operation'>): string {
  return `${quoted(project)},${quotedOrNull(hfModelId)},${quotedOrNull(principal)},"${operation}"`;
}

type Names = [string, number, string, string | null, string | null, string, boolean];
type BegunFields = [...Names, number, string?];
type RecordFields = [
  ...Names,
  number,
  RequestOutcome,
  boolean,
  number,
  number,
  number,
  number,
  number | null,
  number,
  (string | null)?,
  number?,
  number?,
];

/** @returns null for a line that is none of ours, or of a newer release */
export function parseLine(line: string): SpoolLine | null {
  try {
    const fields: unknown = JSON.parse(line.slice(1));
    if (!Array.isArray(fields)) return null;
    const { length } = fields;
    if (line.startsWith('b') && (length === 8 || length === 9))
      return begunOf(fields as BegunFields);
    const isRecord = line.startsWith('r') && (length === 16 || length === 19);
    return isRecord ? recordOf(fields as RecordFields) : null;
  } catch {
    return null;
  }
}

function begunOf(fields: BegunFields): SpoolLine {
  const [id, at, project, hfModelId, principal, operation, streamed, ...rest] = fields;
  const [promptTokens, service = null] = rest;
  return {
    kind: 'begun',
    begun: { id, at, project, hfModelId, service, principal, operation, streamed, promptTokens },
  };
}

function recordOf(fields: RecordFields): SpoolLine {
  const [id, at, project, hfModelId, principal, operation, streamed, ...rest] = fields;
  const [status, outcome, estimated, promptTokens, completionTokens, cachedTokens, ...times] = rest;
  const [durationMs, firstByteMs, heldMs, service = null, bytesUp = 0, bytesDown = 0] = times;
  return {
    kind: 'record',
    record: {
      id,
      at,
      project,
      hfModelId,
      service,
      principal,
      operation,
      streamed,
      status,
      outcome,
      estimated,
      promptTokens,
      completionTokens,
      cachedTokens,
      durationMs,
      firstByteMs,
      heldMs,
      bytesUp,
      bytesDown,
    },
  };
}

/**
 * The record of a request whose proxy died before it ended. Made of what was written when it was sent and nothing
 * else, so that it is the same whoever finds it, and when.
 */
export function lostRecord({ promptTokens, ...begun }: Begun): UsageRecord {
  return {
    ...begun,
    status: 0,
    outcome: 'lost',
    promptTokens,
    completionTokens: 0,
    cachedTokens: 0,
    estimated: true,
    durationMs: 0,
    firstByteMs: null,
    heldMs: 0,
    bytesUp: 0,
    bytesDown: 0,
  };
}
