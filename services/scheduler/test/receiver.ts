import type { Webhook } from '@wakefield/control';

/** Somebody who is told of services. */
export interface Receiver extends Webhook {
  /** Number of the job and what was told of it, each once, in the order in which they were told first. */
  told(): readonly string[];
}

/** One on paper, who always listens. */
export function createReceiver(): Receiver {
  const told = new Set<string>();
  return {
    told: () => [...told],
    send: async ({ seq, kind }) => {
      told.add(`${seq} ${kind}`);
      return null;
    },
  };
}
