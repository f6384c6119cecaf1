import { setTimeout as wait } from 'node:timers/promises';
import type { EpochMs, Trial } from '@wakefield/domain';
import type { Clock, ClusterDriver, JobRequest } from './ports/cluster.ts';
import type { TrialBoard, TrialQuestion } from './ports/messaging.ts';
import type { Log } from './ports/observability.ts';

export interface AskInTurnDeps {
  readonly trials: TrialBoard;
  readonly clock: Clock;
  readonly log: Log;
}

/** A queue does not change its ways within this time. */
export const ASK_AGAIN_MS = 600_000;
/** Between different questions to one cluster: they come no more often than looks at one that is busy. */
export const ASK_PACE_MS = 2_000;
/** sbatch --test-only makes a controller think. */
const ASK_TIMEOUT_MS = 20_000;
/** Who has told no answer by then is dead. */
const ASK_LIFE_MS = 30_000;
/** An answer that another process waits for. */
const HEAR_EVERY_MS = 200;

/**
 * When a job would start, by the word of its cluster. Of all schedulers one asks, once in ten minutes; the others are
 * told what it heard.
 * @returns null for a cluster that does not say, `unasked` when it is not our turn, or whoever had it told nothing
 * @throws {AppError} `store_unavailable`
 */
export async function askInTurn(
  deps: AskInTurnDeps,
  driver: Pick<ClusterDriver, 'name' | 'forecast'>,
  request: JobRequest,
  shape: string,
): Promise<Trial | null | 'unasked'> {
  const question = { cluster: driver.name, shape };
  const askedAt = deps.clock.now();
  const turn = await deps.trials.claim(question, ASK_LIFE_MS, ASK_PACE_MS);
  if (turn === 'later') return 'unasked';
  if (turn === 'asked') return await hear(deps.trials, question);
  const trial = await ask(deps, driver, request, askedAt);
  await deps.trials.tell(question, trial, ASK_AGAIN_MS);
  return trial;
}

async function ask(
  { log }: AskInTurnDeps,
  driver: Pick<ClusterDriver, 'name' | 'forecast'>,
  request: JobRequest,
  askedAt: EpochMs,
): Promise<Trial | null> {
  try {
    const startsAt = await driver.forecast(request, AbortSignal.timeout(ASK_TIMEOUT_MS));
    return startsAt === null ? null : { askedAt, startsAt };
  } catch (err) {
    log.debug({ err, cluster: driver.name }, 'start not forecast');
    return null;
  }
}

async function hear(
  trials: TrialBoard,
  question: TrialQuestion,
): Promise<Trial | null | 'unasked'> {
  for (let waited = 0; waited <= ASK_LIFE_MS; waited += HEAR_EVERY_MS) {
    const { state, trial } = await trials.read(question);
    if (state === 'answered') return trial;
    if (state === 'unasked') break;
    await wait(HEAR_EVERY_MS, undefined, { ref: false });
  }
  return 'unasked';
}
