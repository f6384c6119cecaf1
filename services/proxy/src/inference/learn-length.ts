import type { DurationMs, ModelId } from '@wakefield/domain';
import type { ExchangeView } from './exchange-view.ts';
import type { RelayEnd } from './relay.ts';

/** A request at its engine, by when it was sent. */
interface Sent {
  readonly modelId: ModelId;
  /** Of the clock that never goes back. */
  readonly sentAt: DurationMs;
}

/** Refusals and errors say nothing of how long answers take, sessions nothing of how long those of others do. */
export function learnLength(
  { parts, asked, session }: ExchangeView,
  { modelId, sentAt }: Sent,
  status: number,
  { outcome, usage, pieces }: RelayEnd,
): void {
  if (session !== null) return;
  const lengthMs = parts.clock.elapsed() - sentAt;
  if (outcome === 'cut') parts.lengths.brokenOff(modelId, asked, lengthMs);
  else if (outcome === 'complete' && status < 400)
    parts.lengths.ended(modelId, asked, lengthMs, usage?.completion ?? pieces);
}

/** It was to be longer. */
export function learnOfBreak(
  { parts, asked, session }: ExchangeView,
  { modelId, sentAt }: Sent,
): void {
  if (session === null) parts.lengths.brokenOff(modelId, asked, parts.clock.elapsed() - sentAt);
}
