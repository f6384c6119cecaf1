import { type SubmitCommandDeps, submitCommand } from '@wakefield/control';
import type { Waker } from './inference/wake-keeper.ts';

/** Wakes by command, as the API does: a row first, then its id on the queue. */
export function createWaker(deps: SubmitCommandDeps): Waker {
  return {
    wake: async ({ project, hfModelId, caller, traceId }) => {
      await submitCommand(deps, {
        project,
        body: { kind: 'wake', hfModelId },
        by: caller ?? 'nobody',
        traceId,
        // Each wish stands for itself: an older one may have been followed by a sleep.
        idempotencyKey: null,
      });
    },
  };
}
