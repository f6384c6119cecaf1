import type { Asking } from '../wire.ts';

/** What is measured: a proxy, or the engine itself. */
export interface Candidate {
  readonly name: string;
  /** Gets few requests: it would not be through with as many as the others. */
  readonly slow: boolean;
  /** Takes no part in scenarios that last: one of its kind is enough there. */
  readonly brief: boolean;
  /** Whether its code is compiled while it runs, for which it gets time before anything counts. */
  readonly compiles: boolean;
  /** Whether answers may arrive written anew. Otherwise they have to be the engine's, to the byte. */
  readonly rewrites: boolean;
  /**
   * Brings what it needs.
   * @returns its version
   * @throws Error with the reason why it cannot be had here
   */
  prepare(): Promise<string>;
  /** @throws Error with what it said, when it does not get ready */
  start(place: Place): Promise<Running>;
}

/** Where a candidate runs. */
export interface Place {
  readonly enginePort: number;
  /** Processor to tie it to; null leaves that to the system. */
  readonly cpu: number | null;
  /** For its files; there is one for each start. */
  readonly folder: string;
}

/** A candidate that runs. */
export interface Running {
  readonly port: number;
  /** How it is asked; where there are several ways, any of them each time. */
  readonly askings: readonly Asking[];
  /** User and system time of all its processes so far, in microseconds. */
  cpuMicros(): Promise<number>;
  /** Resident memory of all its processes, in bytes; of Node's after a collection. */
  residentBytes(): Promise<number>;
  stop(): Promise<void>;
}
