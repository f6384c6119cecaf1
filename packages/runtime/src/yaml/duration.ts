import { z } from 'zod';

const unitSeconds = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** A length of time: a number of seconds, or a number with a unit (`500ms`, `30s`, `10m`, `48h`, `2d`). */
export const duration = z
  .union(
    [z.number().nonnegative(), z.string()],
    'expected seconds, or a number with ms, s, m, h, d',
  )
  .transform((value, context): number => {
    if (typeof value === 'number') return Math.round(value * 1000);
    const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(value);
    if (match !== null)
      return Math.round(
        Number(match[1]) * unitSeconds[match[2] as keyof typeof unitSeconds] * 1000,
      );
    context.addIssue('expected seconds, or a number with ms, s, m, h, d (as in 30s or 48h)');
    return z.NEVER;
  });
