import { randomUUID } from 'node:crypto';
import type { KnownLog, LogBoard, LogClaim } from '@wakefield/control';
import type { JobId } from '@wakefield/domain';
import { z } from 'zod';
import { translated } from './queue-error.ts';
import type { RedisAccess } from './redis-access.ts';

export interface LogBoardOptions {
  /** How long a log is known after the last read. Default 60 s. */
  readonly lifeMs?: number;
  /** Bytes that are known of one log, where it has as many; up to twice as many may be. Default 1 MiB. */
  readonly mostBytes?: number;
}

/**
 * KEYS: state, text, claim; ARGV: token, milliseconds until it is read again, until it is forgotten, bytes that are kept,
 * when it was read, 1 when the job is over, failure, source, offset, bytes. What goes on where the known text ends is
 * appended, and the text is cut once it is twice as long as it has to be: a long log costs what is new of it, not what
 * is there, in memory that is copied and in what Redis writes to its disk and its replicas.
 */
const tellScript = `
if redis.call('GET', KEYS[3]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[3], 'told', 'PX', ARGV[2])
redis.call('HSET', KEYS[1], 'over', ARGV[6], 'failure', ARGV[7])
if ARGV[7] == '' then redis.call('HSET', KEYS[1], 'at', ARGV[5]) end
if ARGV[8] ~= '' then
  local known = redis.call('HMGET', KEYS[1], 'source', 'to')
  local goesOn = ARGV[8] == 'job' and known[1] == 'job' and known[2] == ARGV[9]
  local size = 0
  if goesOn then
    size = redis.call('APPEND', KEYS[2], ARGV[10])
  else
    redis.call('SET', KEYS[2], ARGV[10])
    size = #ARGV[10]
  end
  local most = tonumber(ARGV[4])
  if size > 2 * most then
    redis.call('SET', KEYS[2], redis.call('GETRANGE', KEYS[2], -most, -1))
    size = most
  end
  local to = ARGV[9] + #ARGV[10]
  redis.call('HSET', KEYS[1], 'source', ARGV[8], 'from', string.format('%.0f', to - size), 'to', string.format('%.0f', to))
end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return 1`;

/** KEYS: state, text, claim; ARGV: offset, or nothing for the end; bytes. */
const readScript = `
local fresh = redis.call('GET', KEYS[3]) == 'told' and '1' or ''
local known = redis.call('HMGET', KEYS[1], 'over', 'failure', 'at', 'source', 'from', 'to')
if not known[1] then return {} end
local from, to = tonumber(known[5] or 0), tonumber(known[6] or 0)
local start = tonumber(ARGV[1]) or to - ARGV[2]
if start < from or start > to then start = from end
local text = ''
if ARGV[2] ~= '0' then
  text = redis.call('GETRANGE', KEYS[2], string.format('%.0f', start - from), string.format('%.0f', start - from + ARGV[2] - 1))
end
return { fresh, known[1], known[2], known[3] or '', known[4] or '', string.format('%.0f', from), string.format('%.0f', to), string.format('%.0f', start), text }`;

const text = z.instanceof(Buffer).transform((bytes) => bytes.toString());
const number = text.transform(Number);
const flag = text.transform((value) => value === '1');
const known = z.tuple([
  flag,
  flag,
  text,
  text,
  text.pipe(z.enum(['', 'job', 'batch'])),
  number,
  number,
  number,
  z.instanceof(Buffer),
]);

/** A hash with what is known of a log, a string with its end, and who reads it: three expiring keys for each job. */
export function createLogBoard(
  { prefix, produce }: RedisAccess,
  { lifeMs = 60_000, mostBytes = 1 << 20 }: LogBoardOptions = {},
): LogBoard {
  const keysOf = (jobId: JobId): [string, string, string] => [
    `${prefix}:log:${jobId}`,
    `${prefix}:log-text:${jobId}`,
    `${prefix}:log-claim:${jobId}`,
  ];
  return {
    claim: (jobId, claimMs) =>
      translated(async () => {
        const [state, , claim] = keysOf(jobId);
        const token = randomUUID();
        if ((await produce.set(claim, token, 'PX', claimMs, 'NX')) === null) return null;
        const [source, to] = await produce.hmget(state, 'source', 'to');
        return { token, known: source === 'job' ? Number(to) : 0 } satisfies LogClaim;
      }),
    tell: (jobId, { token }, { at, piece, isOver, failure }, againMs) =>
      translated(async () => {
        await produce.eval(
          tellScript,
          3,
          ...keysOf(jobId),
          token,
          againMs,
          lifeMs,
          mostBytes,
          at,
          isOver ? '1' : '',
          failure ?? '',
          piece?.source ?? '',
          piece?.from ?? 0,
          Buffer.from(piece?.bytes ?? []),
        );
      }),
    read: (jobId, from, bytes) =>
      translated(async () => {
        const said = await produce.callBuffer(
          'EVAL',
          readScript,
          3,
          ...keysOf(jobId),
          from ?? '',
          bytes,
        );
        return Array.isArray(said) && said.length > 0 ? knownLog(known.parse(said)) : null;
      }),
  };
}

function knownLog([fresh, over, failure, at, source, from, to, start, bytes]: z.output<
  typeof known
>): KnownLog {
  return {
    isFresh: fresh,
    isOver: over,
    failure: failure === '' ? null : failure,
    readAt: at === '' ? null : Number(at),
    source: source === '' ? null : source,
    from,
    to,
    at: start,
    bytes,
  };
}
