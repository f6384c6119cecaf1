import { symbols } from 'pino';
import { errorRecord } from './error-record.ts';
import type { Logger } from './logger.ts';

/** What pino keeps in a logger, by the symbols that it exports for this. */
interface Inside {
  readonly [symbols.chindingsSym]: string;
  readonly [symbols.lsCacheSym]: Readonly<Record<number, string>>;
  readonly [symbols.timeSym]: () => string;
  readonly [symbols.streamSym]: { write(line: string): void };
}

/**
 * Writes the same line as `logger[level]` would, of fields that are text already: for a process with a line for each request,
 * a tenth of whose work it is to make text of an object. Nobody looks for secrets in it.
 * @param fields `,"name":value` each, one behind the other
 */
export function logText(
  logger: Logger,
  level: 'debug' | 'info' | 'warn' | 'error',
  fields: string,
  message: string,
): void {
  if (!logger.isLevelEnabled(level)) return;
  const inside = logger as unknown as Inside;
  const begun = inside[symbols.lsCacheSym][logger.levels.values[level] ?? 0];
  const line = `${begun}${inside[symbols.timeSym]()}${inside[symbols.chindingsSym]}${fields}`;
  inside[symbols.streamSym].write(`${line},"msg":${quoted(message)}}\n`);
}

/** An error as the fields `err` and `error` of a logger have it. */
export function errorText(error: unknown): string {
  return JSON.stringify(errorRecord(error));
}

/** Whatever is not surely in JSON as it is in a text: quotes, backslashes, controls and pairs, of which one may lack its half. */
const escaped = /[^ !#-[\]-\ud7ff\ue000-\uffff]/;

/** The JSON of a text. Most need no escapes, and to find that out takes less than to ask for the JSON. */
export function quoted(text: string): string {
  return escaped.test(text) ? JSON.stringify(text) : `"${text}"`;
}

/** The same, or `null`. */
export function quotedOrNull(text: string | null): string {
  return text === null ? 'null' : quoted(text);
}
