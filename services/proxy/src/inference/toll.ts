import type { ModelId, Route } from '@wakefield/domain';
import type { Ticket } from '../limits/limits.ts';
import type { CountedTokens } from './count-tokens.ts';
import type { ExchangeView } from './exchange-view.ts';

/**
 * Operations that answer with text: their tokens are not all in the request. Of a session nobody can tell before it is over;
 * what it took says nothing of other answers.
 */
function answersInTokens({ call }: Pick<ExchangeView, 'call'>): boolean {
  return call.operation !== 'embeddings' && call.operation !== 'realtime';
}

/** How much work a request is, in tokens, as far as that can be told before it is done. */
export function costOf(view: ExchangeView, modelId: ModelId, bodyBytes: number): number {
  const { estimates } = view.parts.rateLimits;
  return Math.max(1, estimates.of(modelId, bodyBytes, view.asked.maxTokens, answersInTokens(view)));
}

/**
 * Counts a request in with the limits that apply to it, once its model is known, or refuses it.
 * @returns what is to be given back when it is over; null where nothing limits it, false where it was refused
 */
export function enter(view: ExchangeView, route: Route, bodyBytes: number): Ticket | null | false {
  const { parts, record, reply, asked } = view;
  const admission = parts.rateLimits.admit({
    principal: record.caller ?? '',
    route,
    bodyBytes,
    maxTokens: asked.maxTokens,
    answers: answersInTokens(view),
  });
  if (admission === null) return null;
  reply.rateHeaders = admission.headers;
  if (admission.refusal === null) return admission.ticket;
  record.limitedBy(admission.scope, admission.limit);
  view.refuse(admission.refusal);
  return false;
}

/**
 * It is over: what was reserved is settled by what it is accounted for with, and what answers of its model take is learned.
 * @param tokens undefined: nobody could tell, and what was reserved counts
 */
export function leave(
  view: ExchangeView,
  ticket: Ticket | null,
  tokens: CountedTokens | undefined,
): void {
  if (tokens === undefined) {
    ticket?.finish(null);
    return;
  }
  const { prompt, completion, estimated } = tokens;
  ticket?.finish(prompt + completion);
  if (estimated || completion === 0 || view.asked.maxTokens !== null) return;
  if (!answersInTokens(view)) return;
  const modelId = view.route()?.modelId;
  if (modelId !== undefined) view.parts.rateLimits.estimates.ended(modelId, completion);
}
