/** How much of something may be asked for; null: no limit. */
export interface RequestLimits {
  readonly requestsPerMinute: number | null;
  /** Of prompts and answers together. */
  readonly tokensPerMinute: number | null;
  /** Requests that wait or are being answered. */
  readonly concurrentRequests: number | null;
}

export const noLimits: RequestLimits = {
  requestsPerMinute: null,
  tokensPerMinute: null,
  concurrentRequests: null,
};

/** Whether anything is limited. */
export function isUnlimited(limits: RequestLimits): boolean {
  return (
    limits.requestsPerMinute === null &&
    limits.tokensPerMinute === null &&
    limits.concurrentRequests === null
  );
}

/** Of two limits on the same thing, what both allow. */
export function tightest(one: RequestLimits, other: RequestLimits): RequestLimits {
  return {
    requestsPerMinute: lower(one.requestsPerMinute, other.requestsPerMinute),
    tokensPerMinute: lower(one.tokensPerMinute, other.tokensPerMinute),
    concurrentRequests: lower(one.concurrentRequests, other.concurrentRequests),
  };
}

function lower(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.min(one, other);
}
