import { expectReady, expectStarts } from '../starts/expectation.ts';
import type { Model } from '../vocabulary/model.ts';
import type { Action, Observed, Plan, Policy, Reconcile } from '../vocabulary/plan.ts';
import type { EpochMs } from '../vocabulary/time.ts';
import { lookAgainAt } from './look-again.ts';
import type { Decision } from './scene.ts';
import { decideRest, type Rest, rememberActivity } from './size/activity.ts';
import { decideSize } from './size/scaling.ts';
import { endJobs } from './staff/end-jobs.ts';
import { keepWithinRoom } from './staff/room.ts';
import { letGo, staff } from './staff/staffing.ts';
import { survey } from './survey.ts';
import { judge } from './verdict.ts';

/**
 * Compares what is wanted of one model with what is seen of it and says what to do next. Level-triggered:
 * every step can be repeated, lost or done late, and the next look mends it.
 */
export const reconcile: Reconcile = (
  model: Model,
  observed: Observed,
  policy: Policy,
  now: EpochMs,
): Plan => {
  const scene = survey(model, observed, policy, now);
  const rest = model.registered ? decideRest(scene) : unregistered(model);
  const size = rest.awake ? decideSize(scene, rest.resting === true) : { wanted: 0 };
  const going = !model.registered && !model.stopRequested;
  const staffing = going ? letGo(scene) : staff(scene, size.wanted);
  const fit = keepWithinRoom(staffing.actions ?? [], scene.room);
  const decisions: readonly Decision[] = [
    rememberActivity(scene),
    rest,
    size,
    { ...staffing, actions: fit.actions ?? [] },
    fit.because === undefined ? {} : { because: fit.because },
    ...endJobs(scene, staffing.unwanted),
  ];
  const verdict = judge(scene, rest.awake);
  const actions = inOrder(decisions.flatMap(({ actions }) => actions ?? []));
  return {
    actions,
    patch: Object.assign({}, ...decisions.map(({ patch }) => patch)),
    state: verdict.state,
    reason: verdict.reason ?? fit.reason,
    expectedStarts: expectStarts(scene),
    expectedReady: rest.awake ? expectReady(scene, actions) : null,
    lookAgainAt: lookAgainAt(
      scene,
      verdict.state === 'failed' || verdict.state === 'not_loaded',
      decisions,
      actions,
    ),
    because: [...new Set(decisions.flatMap(({ because }) => because ?? []))],
  };
};

function unregistered({ stopRequested }: Model): Rest {
  return stopRequested
    ? { awake: false, because: ['unregistered: ends its jobs'] }
    : { awake: false, because: ['unregistered: its jobs go on by themselves'] };
}

/**
 * What needs no cluster first, because a cluster that fails ends the run; then what frees resources or
 * places under a limit of the account, then what takes them.
 */
function inOrder(actions: readonly Action[]): readonly Action[] {
  const order: readonly Action['kind'][] = ['drain', 'cancel', 'askToEnd', 'submit', 'intend'];
  return order.flatMap((kind) => actions.filter((action) => action.kind === kind));
}
