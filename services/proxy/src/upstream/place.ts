import type { Address } from '@wakefield/domain';

/** A job that was requeued keeps its id, and comes up at another address. */
export function isSamePlace(a: Address, b: Address): boolean {
  return a.port === b.port && a.host === b.host;
}
