import type { LimitBoard, LimitReport } from '@wakefield/control';
import { z } from 'zod';
import { translated } from './queue-error.ts';
import type { RedisAccess } from './redis-access.ts';

export interface LimitBoardOptions {
  /** A proxy that says nothing for so long is no longer counted. Default 5000. */
  readonly aliveMs?: number;
  /** What a proxy has under way is forgotten when it does not say it again within this time. Default 30000. */
  readonly countLifeMs?: number;
}

/** For so long a report that comes again is known to have been counted. */
const reportLifeMs = 60_000;

/**
 * A level is one key with the level and when it was written, by the clock of Redis; it expires when it is down. A
 * count is one hash with a field for each proxy, which says until when it is good.
 * KEYS: proxies, this proxy's last report; ARGV: proxy, seq, milliseconds until a silent proxy is gone, until a report
 * is forgotten, until a count is, what keys begin with, how many levels; then key, fall per millisecond, used and known
 * of each level; then key and count of each count.
 */
const exchangeScript = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
local isNew = redis.call('GET', KEYS[2]) ~= ARGV[2]
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[4])
local at = 8
local levels = {}
for i = 1, tonumber(ARGV[7]) do
  local key = ARGV[6] .. ARGV[at]
  local perMs = tonumber(ARGV[at + 1])
  local level = tonumber(ARGV[at + 3])
  local kept = redis.call('GET', key)
  if kept then
    local before, written = string.match(kept, '^(%S+) (%S+)$')
    level = tonumber(before) - math.max(0, now - written) * perMs
  end
  if isNew then level = level + tonumber(ARGV[at + 2]) end
  if level > 0 then
    redis.call('SET', key, string.format('%.6f %d', level, now), 'PX', math.min(math.ceil(level / perMs) + 1, 86400000))
  else
    level = 0
    if kept then redis.call('DEL', key) end
  end
  levels[i] = string.format('%.6f', level)
  at = at + 4
end
local others = {}
while at < #ARGV do
  local key = ARGV[6] .. ARGV[at]
  if ARGV[at + 1] == '0' then
    redis.call('HDEL', key, ARGV[1])
  else
    redis.call('HSET', key, ARGV[1], ARGV[at + 1] .. ' ' .. string.format('%d', now + ARGV[5]))
    redis.call('PEXPIRE', key, ARGV[5])
  end
  local sum = 0
  local fields = redis.call('HGETALL', key)
  for f = 1, #fields, 2 do
    local count, good = string.match(fields[f + 1], '^(%S+) (%S+)$')
    if tonumber(good) < now then redis.call('HDEL', key, fields[f])
    elseif fields[f] ~= ARGV[1] then sum = sum + count end
  end
  others[#others + 1] = sum
  at = at + 2
end
return { redis.call('ZCARD', KEYS[1]), levels, others }`;

/** What `exchangeScript` answers. Redis cuts numbers to whole ones: levels come as text. */
const answer = z.tuple([z.number(), z.array(z.coerce.number()), z.array(z.coerce.number())]);

/** One script for a report, however many limits it is about: whoever sends it bounds that. */
export function createLimitBoard(
  { prefix, produce }: RedisAccess,
  options: LimitBoardOptions = {},
): LimitBoard {
  const { aliveMs = 5000, countLifeMs = 30_000 } = options;
  const proxies = `${prefix}:limit-proxies`;
  const reports = `${prefix}:limit-report:`;
  const keys = `${prefix}:limit:`;
  return {
    countLifeMs,
    exchange: (proxyId, report) =>
      translated(async () => {
        const told = await produce.eval(
          exchangeScript,
          2,
          proxies,
          reports + proxyId,
          proxyId,
          report.seq,
          aliveMs,
          reportLifeMs,
          countLifeMs,
          keys,
          report.levels.length,
          ...argumentsOf(report),
        );
        const [count, levels, others] = answer.parse(told);
        return { proxies: count, levels, others };
      }),
    withdraw: (proxyId, counts) =>
      translated(async () => {
        const all = produce
          .multi()
          .zrem(proxies, proxyId)
          .del(reports + proxyId);
        for (const key of counts) all.hdel(keys + key, proxyId);
        await all.exec();
      }),
  };
}

function argumentsOf({ levels, counts }: LimitReport): (string | number)[] {
  const list: (string | number)[] = [];
  for (const { key, perMs, used, known } of levels) {
    list.push(key, perMs.toFixed(12), used.toFixed(6), known.toFixed(6));
  }
  for (const { key, count } of counts) list.push(key, count);
  return list;
}
