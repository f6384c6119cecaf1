import type { DemandBoard } from '@wakefield/control';
import { type ModelDemand, type ModelId, noDemand, type TotalDemand } from '@wakefield/domain';
import { z } from 'zod';
import { createPresence, presenceChannels } from './presence.ts';
import { translated } from './queue-error.ts';
import type { RedisAccess } from './redis-access.ts';

export interface DemandBoardOptions {
  /** What a proxy said is forgotten when it says nothing new for this long. Default 5000. */
  readonly expiryMs?: number;
  /**
   * A proxy that falls silent and still has its connection stands still, and may have streams under way: for so long
   * what the others count is a part of the demand, then it is the whole. Default 30000.
   */
  readonly graceMs?: number;
  /**
   * The same for one that showed itself and whose connection is gone: it is dead, or Redis was away, or it is cut off
   * and serves on. Default `demandReturnMs`.
   */
  readonly returnMs?: number;
  /**
   * After the first word of a first proxy the demand is known in part for so long: after a loss of Redis' data the
   * other proxies have not spoken yet. Default 3000, three of their beats.
   */
  readonly settleMs?: number;
  /** Idle models whose last request a proxy keeps telling. Default 10000. */
  readonly rememberModels?: number;
}

/**
 * One that lives and can reach Redis has spoken again by then, whatever became of its connections: longer than a
 * connect that is given up, the longest wait before the next, and a beat.
 */
export const demandReturnMs = 10_000;

/** The mark of a proxy that listens on its channel; of others, as those of older releases, nobody knows whether they live. */
const showsItself = 'shown';
const hidden = '1';

/** A field that is no model: it keeps the hash of a proxy without any load in being. */
const someone = '#';

/**
 * 1 or 0: whether these are all, or a part may be missing; then the models' counts of every proxy that is there, one
 * list per proxy. Proxies that are missed no longer leave the set on the way; those that showed themselves and are not connected are not missed for
 * long. A server that does not tell who is connected is taken to have them all.
 * KEYS: set of proxies, mark of settling; ARGV: what the keys of proxies' counts and marks and their channels begin
 * with, milliseconds for those that are not connected, models.
 */
const readScript = `
local whole = 1 - redis.call('EXISTS', KEYS[2])
local found = {}
for _, proxy in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  local key = ARGV[1] .. proxy
  if redis.call('EXISTS', key) == 1 then
    local counts = {}
    for i = 5, #ARGV do counts[i - 4] = redis.call('HGET', key, ARGV[i]) or '' end
    found[#found + 1] = counts
  else
    local missed = ARGV[2] .. proxy
    local left = redis.call('PTTL', missed)
    if left <= 0 then
      redis.call('SREM', KEYS[1], proxy)
    else
      local shown = redis.call('GET', missed) == '${showsItself}'
      local heard = redis.pcall('PUBSUB', 'NUMSUB', ARGV[3] .. proxy)
      if shown and heard[2] == 0 and left > tonumber(ARGV[4]) then
        redis.call('PEXPIRE', missed, ARGV[4])
      end
      whole = 0
    end
  end
end
return { whole, found }`;

/** Marks that others may speak soon, when nobody has yet. KEYS: set of proxies, mark; ARGV: milliseconds. */
const settleScript = `
if tonumber(ARGV[1]) > 0 and redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('SET', KEYS[2], '1', 'PX', ARGV[1])
end`;

/** What `readScript` answers. */
const answer = z.tuple([z.number(), z.array(z.array(z.string()))]);

/** Proxies of older releases tell no average, or no peak. */
const counts = z
  .object({
    running: z.number(),
    held: z.number(),
    average: z.number().optional(),
    peak: z.number().optional(),
    lastRequestAt: z.number().nullable(),
    runningByJob: z.record(z.string(), z.number()),
  })
  .transform(({ average: told, peak, ...rest }) => {
    const average = told ?? rest.running + rest.held;
    return { ...rest, average, peak: peak ?? average };
  });

/**
 * One hash per proxy, written whole each time and expiring, and a set of their names. Whole, because a Redis that
 * lost everything is then right again after one write.
 */
export function createDemandBoard(
  redis: RedisAccess,
  options: DemandBoardOptions = {},
): DemandBoard {
  const { expiryMs = 5000, graceMs = 30_000, returnMs = demandReturnMs } = options;
  const { settleMs = 3000, rememberModels = 10_000 } = options;
  const { produce, log } = redis;
  const proxiesKey = `${redis.prefix}:proxies`;
  const demandKeys = `${redis.prefix}:demand:`;
  const missedKeys = `${redis.prefix}:demand-missed:`;
  const settlingKey = `${redis.prefix}:demand-settling`;
  const channels = presenceChannels(redis);
  const presence = createPresence(redis);
  const remembered = new Map<ModelId, number>();

  const readMany: DemandBoard['readMany'] = async (modelIds) => {
    try {
      const answers = await produce.eval(
        readScript,
        2,
        proxiesKey,
        settlingKey,
        demandKeys,
        missedKeys,
        channels,
        returnMs,
        ...modelIds,
      );
      const [whole, proxies] = answer.parse(answers);
      if (proxies.length === 0) return null;
      return new Map(
        modelIds.map((id, index): [ModelId, TotalDemand] => {
          const parts = proxies.map((counts) => readCounts(counts[index] ?? ''));
          return [id, { ...sumDemand(parts), isWhole: whole === 1 }];
        }),
      );
    } catch (error) {
      log.debug({ err: error }, 'demand not known');
      return null;
    }
  };

  return {
    publish: (proxyId, { models }) =>
      translated(async () => {
        presence.show(proxyId);
        const mark = presence.isShown(proxyId) ? showsItself : hidden;
        const key = demandKeys + proxyId;
        const fields = withRemembered(models, remembered, rememberModels);
        const answers = await produce
          .multi()
          .eval(settleScript, 2, proxiesKey, settlingKey, settleMs)
          .del(key)
          .hset(key, fields)
          .pexpire(key, expiryMs)
          .set(missedKeys + proxyId, mark, 'PX', expiryMs + graceMs)
          .sadd(proxiesKey, proxyId)
          .pexpire(proxiesKey, Math.max(expiryMs * 12, expiryMs + graceMs))
          .exec();
        const failed = answers?.find(([error]) => error !== null);
        if (failed?.[0]) throw failed[0];
      }),
    withdraw: (proxyId) =>
      translated(async () => {
        remembered.clear();
        presence.end(proxyId);
        await produce
          .multi()
          .del(demandKeys + proxyId, missedKeys + proxyId)
          .srem(proxiesKey, proxyId)
          .exec();
      }),
    readMany,
  };
}

/**
 * What a proxy tells: the counts it has, and the last request of models that it no longer counts. Of these, the
 * ones that were idle longest are forgotten when there are too many.
 */
function withRemembered(
  models: ReadonlyMap<ModelId, ModelDemand>,
  remembered: Map<ModelId, number>,
  limit: number,
): Record<string, string> {
  const fields: Record<string, string> = { [someone]: '1' };
  for (const [modelId, demand] of models) {
    fields[modelId] = JSON.stringify(demand);
    if (demand.lastRequestAt === null) continue;
    remembered.delete(modelId);
    remembered.set(modelId, demand.lastRequestAt);
  }
  for (const [modelId, lastRequestAt] of remembered) {
    if (remembered.size > limit) remembered.delete(modelId);
    else if (!models.has(modelId)) fields[modelId] = JSON.stringify({ ...noDemand, lastRequestAt });
  }
  return fields;
}

/** A proxy that is there and knows nothing of the model has no load of it. */
function readCounts(text: string): ModelDemand {
  return text === '' ? noDemand : counts.parse(JSON.parse(text));
}

/** Sums over proxies, averages too: that of a sum is the sum of theirs, and its peak is no higher than theirs together. */
export function sumDemand(parts: readonly ModelDemand[]): ModelDemand {
  const runningByJob: Record<string, number> = {};
  let running = 0;
  let held = 0;
  let average = 0;
  let peak = 0;
  let lastRequestAt: number | null = null;
  for (const part of parts) {
    running += part.running;
    held += part.held;
    average += part.average;
    peak += part.peak;
    if (part.lastRequestAt !== null) {
      lastRequestAt = Math.max(lastRequestAt ?? 0, part.lastRequestAt);
    }
    for (const [jobId, count] of Object.entries(part.runningByJob)) {
      runningByJob[jobId] = (runningByJob[jobId] ?? 0) + count;
    }
  }
  return { running, held, average, peak, lastRequestAt, runningByJob };
}
