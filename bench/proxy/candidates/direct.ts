import { cpuMicrosOf, hasProc, residentBytesOf } from '../proc.ts';
import { plainAsking } from './asking.ts';
import type { Candidate } from './candidate.ts';

/** The engine itself: what engine and load generator cost by themselves, and so how far from their limit they were. */
export function direct(engine: { readonly port: number; readonly pid: number }): Candidate {
  return {
    name: 'direct',
    slow: false,
    brief: false,
    compiles: false,
    rewrites: false,
    prepare: async () => '',
    start: async () => ({
      port: engine.port,
      askings: [plainAsking],
      cpuMicros: async () => (hasProc ? cpuMicrosOf([engine.pid]) : Number.NaN),
      residentBytes: async () => residentBytesOf([engine.pid]),
      stop: async () => undefined,
    }),
  };
}
