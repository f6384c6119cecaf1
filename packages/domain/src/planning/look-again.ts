import type { Action, Observed, Plan, Policy } from '../vocabulary/plan.ts';
import type { EpochMs } from '../vocabulary/time.ts';
import { type Decision, isWhole, type Scene } from './scene.ts';

/** @param actions after which nothing else may tell how a submission went */
export function lookAgainAt(
  { now, policy, demand }: Scene,
  quiet: boolean,
  decisions: readonly Decision[],
  actions: readonly Action[],
): EpochMs {
  const usual = submits(actions) || !isWhole(demand) ? policy.lookInDoubtMs : policy.lookAgainMs;
  const latest = now + (quiet ? policy.lookRarelyMs : usual);
  const deadlines = decisions.flatMap(({ deadlines }) => deadlines ?? []);
  return Math.min(latest, ...deadlines.filter((at) => at > now));
}

/**
 * Whether a plan's next look must not wait for the sweep that comes after it: it is about something of the model's own,
 * a deadline or a submission. The usual looks are the sweep's alone, and so are those at models of which the demand is
 * not known: that may be all at once.
 */
export function isInHurry(
  { actions, lookAgainAt }: Pick<Plan, 'actions' | 'lookAgainAt'>,
  { demand }: Pick<Observed, 'demand'>,
  { lookAgainMs, lookInDoubtMs }: Policy,
  now: EpochMs,
): boolean {
  const usualMs = !isWhole(demand) && !submits(actions) ? lookInDoubtMs : lookAgainMs;
  return lookAgainAt < now + usualMs;
}

function submits(actions: readonly Action[]): boolean {
  return actions.some(({ kind }) => kind === 'submit' || kind === 'intend');
}
