import type { Expected } from '../wire.ts';

/** What is sent where, and what has to come back. */
export interface Asked extends Expected {
  readonly port: number;
  /** Requests, one behind the other, of which any is sent. A name without blanks, in the folder of the generator. */
  readonly file: string;
}

/**
 * What the load generator can be told to do; the one in C and the one in Node know the same.
 * - `closed` each connection sends its next request when its answer is complete: for so long, or so many requests; those
 *   then go in turn
 * - `open` requests leave at a fixed rate, whatever becomes of those before
 * - `storm` as many new connections at once, with one request each
 * - `hold` opens streams over a while and keeps them open; answered when each has its first byte
 * - `lag` how late the events of held streams are
 * - `slow` clients that take so many bytes a second of a large answer; goes on until `release`
 * - `garbage` so many connections a second with what is not HTTP; goes on until `release`
 */
export type LoadOrder =
  | ({ readonly kind: 'closed'; readonly connections: number } & Asked &
      ({ readonly ms: number } | { readonly requests: number }))
  | ({ readonly kind: 'open'; readonly perSecond: number; readonly ms: number } & Asked)
  | ({ readonly kind: 'storm'; readonly connections: number } & Asked)
  | ({ readonly kind: 'hold'; readonly connections: number; readonly spreadMs: number } & Asked)
  | { readonly kind: 'lag'; readonly ms: number }
  | ({ readonly kind: 'slow'; readonly connections: number; readonly perSecond: number } & Asked)
  | { readonly kind: 'garbage'; readonly perSecond: number; readonly port: number }
  | { readonly kind: 'release' };

/** What `closed`, `open` and `storm` bring. Times to the first byte, in microseconds. */
export interface RunResult {
  readonly requests: number;
  readonly seconds: number;
  /** Requests that were sent anew, because the connection that was kept for them was closed. */
  readonly reconnects: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** What `lag` brings: microseconds from the engine's write to the client. */
export interface LagResult {
  readonly chunks: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** An order as a line: its kind, then `name=value`. */
export function lineOf({ kind, ...rest }: LoadOrder): string {
  const words = Object.entries(rest).map(
    ([name, value]) => `${name}=${typeof value === 'boolean' ? Number(value) : value}`,
  );
  return [kind, ...words].join(' ');
}

/** The other way round. */
export function orderOf(line: string): LoadOrder {
  const [kind, ...words] = line.split(' ');
  const pairs = words.map((word) => {
    const at = word.indexOf('=');
    const [name, value] = [word.slice(0, at), word.slice(at + 1)];
    return [name, name === 'file' ? value : name === 'stream' ? value === '1' : Number(value)];
  });
  return { kind, ...Object.fromEntries(pairs) } as LoadOrder;
}
