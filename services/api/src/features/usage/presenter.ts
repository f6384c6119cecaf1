import type { UsageGroupJson, UsageJson } from '@wakefield/contracts';
import type { UsageFigures, UsageGroup } from '@wakefield/domain';
import { iso } from '../../http/iso.ts';

/** Groups carry the keys that were asked for and no others. */
export function presentGroup({ model, user, day, hour, figures }: UsageGroup): UsageGroupJson {
  return {
    ...(model === undefined ? {} : { model }),
    ...(user === undefined ? {} : { user }),
    ...(day === undefined ? {} : { day: iso(day) }),
    ...(hour === undefined ? {} : { hour: iso(hour) }),
    ...presentFigures(figures),
  };
}

export function presentFigures(sums: UsageFigures): UsageJson['totals'] {
  const tokens = sums.promptTokens + sums.completionTokens;
  return {
    requests: {
      total: sums.requests,
      services: sums.services,
      ok: sums.ok,
      client_error: sums.clientErrors,
      server_error: sums.serverErrors,
      left: sums.left,
      lost: sums.lost,
      cut: sums.cut,
      estimated: sums.estimated,
    },
    tokens: {
      prompt: sums.promptTokens,
      completion: sums.completionTokens,
      total: tokens,
      cached: sums.cachedTokens,
      estimated: sums.estimatedTokens,
      estimated_share: tokens === 0 ? 0 : round(sums.estimatedTokens / tokens, 10_000),
    },
    seconds: {
      total: sums.durationMs / 1000,
      first_byte: sums.firstByteMs / 1000,
      first_bytes: sums.firstBytes,
      held: sums.heldMs / 1000,
    },
    bytes: { up: sums.bytesUp, down: sums.bytesDown },
  };
}

function round(value: number, parts: number): number {
  return Math.round(value * parts) / parts;
}
