import { textOf } from './part.ts';

/**
 * Server-sent events of a log (https://html.spec.whatwg.org/multipage/server-sent-events.html). A reader puts the lines of
 * an event together with line feeds, so the last one goes without.
 */

/** Tells clients how long to wait before they come again. */
export const retryEvent = 'retry: 2000\n\n';
export const heartbeat = ': still here\n\n';

/** @param position of what comes behind it; null: nothing that could be asked for */
export function logEvent(bytes: Buffer, position: string | null): string {
  // A lone carriage return ends a line there, too: each state of a progress bar becomes a line.
  const lines = textOf(bytes)
    .replace(/\r?\n$/, '')
    .split(/\r\n|\n|\r/);
  const id = position === null ? '' : `id: ${position}\n`;
  return `${id}event: log\n${lines.map((line) => `data: ${line}\n`).join('')}\n`;
}

/** Something about the log that is not in it. Without an id: who comes again goes on behind the last line. */
export function noticeEvent(message: string): string {
  return `event: notice\ndata: ${JSON.stringify({ message })}\n\n`;
}

/** @param position of the end, so that whoever comes again all the same hears that this was all; null: there is none */
export function endEvent(status: string, reason: string | null, position: string | null): string {
  const id = position === null ? '' : `id: ${position}\n`;
  return `${id}event: end\ndata: ${JSON.stringify({ status, reason })}\n\n`;
}

/** Where a reader is: the number of the service's job, and the offset in its log. */
export interface Position {
  readonly seq: number;
  readonly offset: number;
}

/** As ids of events and `X-Log-Position` have it; `readPosition` reads it back. */
export function positionText({ seq, offset }: Position): string {
  return `${seq}-${offset}`;
}

/** null: it is none of ours. */
export function readPosition(text: string | undefined): Position | null {
  const [, seq, offset] = /^(\d{1,9})-(\d{1,15})$/.exec(text ?? '') ?? [];
  return seq === undefined ? null : { seq: Number(seq), offset: Number(offset) };
}
