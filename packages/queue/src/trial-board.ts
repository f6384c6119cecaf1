import type { TrialBoard, TrialQuestion } from '@wakefield/control';
import { z } from 'zod';
import { translated } from './queue-error.ts';
import type { RedisAccess } from './redis-access.ts';

const trial = z.object({ askedAt: z.number(), startsAt: z.number() });

/** Two expiring keys for each question, who asked it and what was said, and one for each cluster that was just asked. */
export function createTrialBoard({ prefix, produce }: RedisAccess): TrialBoard {
  const askedKey = ({ cluster, shape }: TrialQuestion) =>
    `${prefix}:trial-asked:${cluster}:${shape}`;
  const saidKey = ({ cluster, shape }: TrialQuestion) => `${prefix}:trial:${cluster}:${shape}`;
  return {
    claim: (question, lifeMs, paceMs) =>
      translated(async () => {
        const asked = askedKey(question);
        if ((await produce.set(asked, 'asking', 'PX', lifeMs, 'NX')) === null) return 'asked';
        const pace = `${prefix}:trial-pace:${question.cluster}`;
        if ((await produce.set(pace, '1', 'PX', paceMs, 'NX')) !== null) return 'granted';
        await produce.del(asked);
        return 'later';
      }),
    tell: (question, said, againMs) =>
      translated(async () => {
        const text = saidKey(question);
        const changes = produce.multi().set(askedKey(question), 'answered', 'PX', againMs);
        if (said === null) changes.del(text);
        else changes.set(text, JSON.stringify(said), 'PX', 2 * againMs);
        await changes.exec();
      }),
    read: (question) =>
      translated(async () => {
        const [asked, said] = await produce.mget(askedKey(question), saidKey(question));
        const state = asked === 'asking' || asked === 'answered' ? asked : 'unasked';
        return { state, trial: said ? trial.parse(JSON.parse(said)) : null };
      }),
  };
}
