import type { AppError, DurationMs, JobId, ModelId } from '@wakefield/domain';
import { errorText, quoted, quotedOrNull } from '@wakefield/runtime';
import type { ExchangeOutcome } from './tally.ts';

/** What the log says of one request. */
export interface RecordFields {
  readonly requestId: string;
  readonly traceId: string;
  readonly project: string;
  readonly principal: string | null;
  readonly operation: string;
  readonly model: string | null;
  readonly modelId: ModelId | undefined;
  readonly jobId: JobId | null;
  readonly streamed: boolean;
  readonly status: number;
  readonly outcome: ExchangeOutcome;
  readonly error: AppError | undefined;
  readonly attempts: number;
  readonly limitedBy: string | undefined;
  readonly heldMs: DurationMs;
  readonly queuedMs: DurationMs | undefined;
  readonly firstByteMs: DurationMs | null;
  readonly durationMs: DurationMs;
  /** Of a session. */
  readonly bytes: { readonly up: number; readonly down: number } | null;
  readonly tokens:
    | { readonly prompt: number; readonly completion: number; readonly estimated: boolean }
    | undefined;
}

/** The fields as JSON, for `logText`: this is done for each request. Ids, names of operations and outcomes need no escapes. */
export function recordText(of: RecordFields): string {
  const { bytes, tokens, limitedBy } = of;
  return (
    `,"requestId":"${of.requestId}","traceId":"${of.traceId}","project":${quoted(of.project)}` +
    `,"principal":${quotedOrNull(of.principal)},"operation":"${of.operation}","model":${quotedOrNull(of.model)}` +
    (of.modelId === undefined ? '' : `,"modelId":${quoted(of.modelId)}`) +
    `,"jobId":${quotedOrNull(of.jobId)},"streamed":${of.streamed},"status":${of.status}` +
    `,"outcome":"${of.outcome}"${failureText(of.error)},"attempts":${of.attempts}` +
    (limitedBy === undefined ? '' : `,"limitedBy":${quoted(limitedBy)}`) +
    `,"heldMs":${of.heldMs}${of.queuedMs === undefined ? '' : `,"queuedMs":${of.queuedMs}`}` +
    `,"firstByteMs":${of.firstByteMs},"durationMs":${of.durationMs}` +
    (bytes === null ? '' : `,"bytesUp":${bytes.up},"bytesDown":${bytes.down}`) +
    (tokens === undefined ? '' : tokensText(tokens))
  );
}

function tokensText({
  prompt,
  completion,
  estimated,
}: NonNullable<RecordFields['tokens']>): string {
  const guess = estimated ? ',"tokensEstimated":true' : '';
  return `,"promptTokens":${prompt},"completionTokens":${completion}${guess}`;
}

function failureText(error: AppError | undefined): string {
  if (error === undefined) return '';
  const cause = error.cause === undefined ? '' : `,"err":${errorText(error.cause)}`;
  return `,"code":"${error.code}"${cause}`;
}
