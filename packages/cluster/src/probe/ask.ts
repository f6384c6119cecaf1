import type { ProbeVerdict } from '@wakefield/control';
import type { Answer, Exchange } from './exchange.ts';

export const notYet = (detail: string): ProbeVerdict => ({ status: 'not_yet', detail });
export const foreign = (detail: string): ProbeVerdict => ({ status: 'foreign', detail });

/** A request to what is probed, below its base path. */
export interface Question extends Pick<Exchange, 'method' | 'path' | 'body'> {
  /** Whether to show the key of the job. */
  readonly withKey: boolean;
}
export type Ask = (what: Question) => Promise<Answer>;

export function isGood(status: number): boolean {
  return status >= 200 && status < 300;
}

/** null: it is no JSON. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** undefined: it is no object, or has no such field of its own. */
export function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
