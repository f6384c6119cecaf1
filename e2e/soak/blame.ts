import type { PlugName } from '../faults/plugs.ts';
import type { FaultKind } from '../faults/strike.ts';
import type { Outcome } from './traffic.ts';

/** A fault of the run, epoch milliseconds. */
export interface Strike {
  readonly plug: PlugName;
  readonly kind: FaultKind;
  readonly at: number;
}

/** Who breaks a connection is seen at once, but for what the machine needs to tell it. */
const seenWithinMs = 3_000;

/**
 * Whose fault it is that a request failed. What runs through a process that is killed is lost with it: the
 * connections of a proxy, the streams of a tunnel and of an engine. Everything else is ours.
 */
export function blame({ stream, endedAt, dueAt }: Outcome, strikes: readonly Strike[]): string {
  const culprit = strikes.find(
    ({ plug, kind, at }) =>
      kind === 'kill' &&
      dueAt <= at &&
      endedAt >= at &&
      endedAt <= at + seenWithinMs &&
      (plug === 'proxy' || (stream && (plug === 'tunnel' || plug === 'engine'))),
  );
  return culprit === undefined ? 'us' : `connections of a killed ${culprit.plug}`;
}
