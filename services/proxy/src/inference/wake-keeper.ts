import type { DurationMs, ModelId, Route } from '@wakefield/domain';
import type { Logger } from '@wakefield/runtime';
import type { Clock } from '../clock.ts';
import type { ExchangeRecord } from './record.ts';

/** Asks the control plane to wake a model. Resolves when the wish is accepted, not when the model is up. */
export interface Waker {
  wake(request: {
    readonly project: string;
    readonly hfModelId: string;
    /** Whose request it was. */
    readonly caller: string | null;
    readonly traceId: string;
  }): Promise<void>;
}

/** The request that needs the model. */
type Asker = Pick<ExchangeRecord, 'caller' | 'traceId'>;

interface Wish {
  sending: boolean;
  sent: number;
  nextAt: DurationMs;
}

/** When to ask again. */
export interface WakePatience {
  /** After a wish was accepted and the route still says asleep, one time after the other; the last repeats. */
  readonly resendMs: readonly number[];
  readonly afterFailureMs: number;
}

/**
 * One wake per model, however many requests ask: while one is on its way or was accepted a moment ago, further
 * ones are dropped. Asking again later is harmless, so a lost wake costs seconds.
 */
export interface WakeKeeper {
  /** Wishes the model awake, unless that was just done. */
  poke(route: Route, asker: Asker): void;
  /** Forgets wishes that came true: the next sleep starts afresh. */
  settle(isAwake: (modelId: ModelId) => boolean): void;
}

export function createWakeKeeper(
  waker: Waker,
  { resendMs, afterFailureMs }: WakePatience,
  elapsed: Clock['elapsed'],
  logger: Logger,
): WakeKeeper {
  const wishes = new Map<ModelId, Wish>();

  const send = async (route: Route, { caller, traceId }: Asker, wish: Wish): Promise<void> => {
    const { project, hfModelId, modelId } = route;
    wish.sending = true;
    try {
      await waker.wake({ project, hfModelId, caller, traceId });
      logger.info({ project, model: hfModelId, modelId, principal: caller, traceId }, 'wake sent');
      wish.nextAt =
        elapsed() + (resendMs[Math.min(wish.sent, resendMs.length - 1)] ?? afterFailureMs);
      wish.sent += 1;
    } catch (error) {
      logger.warn({ err: error, project, modelId, traceId }, 'wake not accepted; trying again');
      wish.nextAt = elapsed() + afterFailureMs;
    } finally {
      wish.sending = false;
    }
  };

  return {
    poke: (route, asker) => {
      const wish = wishes.get(route.modelId) ?? { sending: false, sent: 0, nextAt: 0 };
      wishes.set(route.modelId, wish);
      if (wish.sending || elapsed() < wish.nextAt) return;
      void send(route, asker, wish);
    },
    settle: (isAwake) => {
      for (const modelId of wishes.keys()) if (isAwake(modelId)) wishes.delete(modelId);
    },
  };
}
