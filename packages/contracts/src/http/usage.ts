import { type UsageKey, usageKeys } from '@wakefield/domain';
import { z } from 'zod';
import { instant, limitParameter, projectName } from './fields.ts';

/** How far apart `from` and `to` may be: a leap year. */
const LONGEST_DAYS = 366;
/** Where `from` is not given. */
const DEFAULT_DAYS = 30;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const words = 'must be a moment or a day in UTC (2026-11-01T08:00:00Z, 2026-11-01)';
/** Nothing was asked before; the database knows no year 0. */
const EARLIEST = Date.UTC(2000);

const moment = z
  .union([z.iso.datetime(), z.iso.date()], { error: words })
  .refine((text) => Date.parse(text) >= EARLIEST, { error: `${words}, from 2000 on` })
  .optional();

const keys = usageKeys.join(', ');

const groupBy = z
  .string()
  .refine((text) => text.split(',').every(isUsageKey), {
    error: `must hold ${keys}, separated by commas`,
  })
  .refine((text) => new Set(text.split(',')).size === text.split(',').length, {
    error: 'must not name one of them twice',
  })
  .optional()
  .meta({
    description: `Any of ${keys}, separated by commas, in the order in which groups are told apart and sorted. Without it there are only totals.`,
    example: 'model,day',
  });

/** Query of `GET /p/{project}/usage`. */
export const usageQuery = z.strictObject({
  from: moment.meta({
    description: `First hour, ISO 8601 in UTC; a moment within an hour stands for all of it. ${DEFAULT_DAYS} days before \`to\` where it is not given.`,
    example: '2026-11-01',
  }),
  to: moment.meta({
    description: `Where it ends, not included; a moment within an hour stands for the end of it. Now where it is not given. At most ${LONGEST_DAYS} days behind \`from\`.`,
    example: undefined,
  }),
  group_by: groupBy,
  limit: limitParameter(1000),
  after: z
    .string()
    .optional()
    .meta({ description: '`X-Next-After` of the page before.', example: undefined }),
});

/** What such a query asks for, with whole hours. */
export interface UsageSpan {
  readonly from: number;
  readonly to: number;
}

/**
 * Whole hours around what was asked for.
 * @param now where `to` is not given
 * @returns which field is at fault and what it has to be, where there is no such span
 */
export function usageSpan(
  query: Pick<z.output<typeof usageQuery>, 'from' | 'to'>,
  now: number,
): UsageSpan | { readonly param: 'from' | 'to'; readonly problem: string } {
  const to = ceilHour(query.to === undefined ? now : Date.parse(query.to));
  const from = floorHour(
    query.from === undefined ? to - DEFAULT_DAYS * DAY_MS : Date.parse(query.from),
  );
  if (from >= to) {
    // Whoever says nothing of the end asks for something that is still to come.
    const problem =
      query.to === undefined ? 'from must not be in the future.' : 'from must be before to.';
    return { param: 'from', problem };
  }
  if (to - from <= LONGEST_DAYS * DAY_MS) return { from, to };
  const problem = `from must be at most ${LONGEST_DAYS} days before to.`;
  return { param: 'from', problem };
}

/** The keys of `group_by`, in its order. */
export function usageGroupBy(text: string | undefined): readonly UsageKey[] {
  return (text ?? '').split(',').filter(isUsageKey);
}

function isUsageKey(word: string): word is UsageKey {
  return (usageKeys as readonly string[]).includes(word);
}

function floorHour(at: number): number {
  return Math.floor(at / HOUR_MS) * HOUR_MS;
}

function ceilHour(at: number): number {
  return Math.ceil(at / HOUR_MS) * HOUR_MS;
}

const count = z.int().min(0);
const seconds = z.number().min(0);

const figures = {
  requests: z
    .strictObject({
      total: count,
      services: count.meta({ description: 'Of `total`, those to services.' }),
      ok: count.meta({ description: 'Status below 400.' }),
      client_error: count.meta({ description: 'Status 4xx: ours, or the engine’s.' }),
      server_error: count.meta({ description: 'Status 5xx.' }),
      left: count.meta({ description: 'The client left before the end (499 in the log).' }),
      lost: count.meta({ description: 'Their proxy died with them.' }),
      cut: count.meta({ description: 'Of those that began well: broke off in the middle.' }),
      estimated: count.meta({
        description: 'Those whose tokens are guessed, as the engine did not get to tell them.',
      }),
    })
    .meta({ id: 'UsageRequests' }),
  tokens: z
    .strictObject({
      prompt: count,
      completion: count,
      total: count.meta({ description: 'Prompt and completion.' }),
      cached: count.meta({
        description:
          'Of the prompt’s, those that the engine had at hand from an earlier one, where it tells.',
      }),
      estimated: count.meta({ description: 'Of `total`, those that are guessed.' }),
      estimated_share: z
        .number()
        .min(0)
        .max(1)
        .meta({ description: '`estimated` of `total`, 0 where there are none.' }),
    })
    .meta({ id: 'UsageTokens' }),
  seconds: z
    .strictObject({
      total: seconds.meta({ description: 'From the head of each request to its end, summed up.' }),
      first_byte: seconds.meta({ description: 'The same to the first byte of an answer.' }),
      first_bytes: count.meta({ description: 'How many requests got one.' }),
      held: seconds.meta({ description: 'Of `total`, waiting for a model.' }),
    })
    .meta({ id: 'UsageSeconds' }),
  bytes: z
    .strictObject({
      up: count.meta({ description: 'From clients.' }),
      down: count.meta({ description: 'To clients.' }),
    })
    .meta({
      id: 'UsageBytes',
      description:
        'What passed to services and in sessions. Nothing of other requests for models, which are counted in tokens.',
    }),
};

const group = z
  .strictObject({
    model: z.string().nullable().optional().meta({
      description: 'null: requests for models that are not there, and those to services.',
    }),
    user: z
      .string()
      .nullable()
      .optional()
      .meta({ description: 'As commands and the log name it. null: nobody could tell.' }),
    day: instant.optional().meta({ description: 'Its first moment, UTC.' }),
    hour: instant.optional().meta({ description: 'Its first moment, UTC.' }),
    ...figures,
  })
  .meta({ id: 'UsageGroup' });
export type UsageGroupJson = z.output<typeof group>;

/** What a project, or one user of it, has asked of its models. */
export const usageSchema = z
  .strictObject({
    project: projectName,
    from: instant.meta({ description: 'The first hour that is counted.' }),
    to: instant.meta({ description: 'Where the last one ends.' }),
    kept_from: instant.meta({
      description:
        'Sums of hours before this one have been deleted (`USAGE_SUMS_RETENTION`): where `from` is earlier, they are missing here, and not nought.',
    }),
    of: z.enum(['everybody', 'own']).meta({
      description: 'Whose: who manages the project sees everybody’s, others what is their own.',
    }),
    totals: z
      .strictObject(figures)
      .meta({ id: 'UsageTotals', description: 'Over all groups, those of other pages, too.' }),
    groups: z.array(group),
  })
  .meta({ id: 'Usage' });
export type UsageJson = z.output<typeof usageSchema>;
