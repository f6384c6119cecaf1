import { errorRecord } from './error-record.ts';
import { within } from './within.ts';

export interface CheckOptions {
  /** Default 2000. */
  readonly timeoutMs?: number;
  /** How long a result may be reused; default 1000. Many probes then cost one look. */
  readonly cacheMs?: number;
  /** false: shown, but does not make the process unready. Default true. */
  readonly required?: boolean;
}

export interface CheckResult {
  readonly status: 'ok' | 'failed';
  readonly required: boolean;
  readonly durationMs: number;
  readonly checkedAt: string;
  readonly error?: string;
}

export interface HealthReport {
  readonly ok: boolean;
  readonly checks: Readonly<Record<string, CheckResult>>;
}

/** Named checks of what a process depends on. */
export interface Health {
  /** @param look resolves when all is well, rejects with what is wrong */
  add(name: string, look: (signal: AbortSignal) => Promise<unknown>, options?: CheckOptions): void;
  report(): Promise<HealthReport>;
}

interface Check {
  readonly look: () => Promise<CheckResult>;
  readonly cacheMs: number;
  last: { readonly at: number; readonly result: Promise<CheckResult> } | null;
}

/** @param nowMs a clock in milliseconds */
export function createHealth(nowMs: () => number = Date.now): Health {
  const checks = new Map<string, Check>();
  return {
    add: (name, look, { timeoutMs = 2000, cacheMs = 1000, required = true } = {}) => {
      checks.set(name, {
        look: () => lookOnce(name, look, timeoutMs, required, nowMs),
        cacheMs,
        last: null,
      });
    },
    report: async () => {
      const entries = await Promise.all(
        [...checks].map(async ([name, check]) => [name, await cached(check, nowMs())] as const),
      );
      return {
        ok: entries.every(([, result]) => result.status === 'ok' || !result.required),
        checks: Object.fromEntries(entries),
      };
    },
  };
}

function cached(check: Check, now: number): Promise<CheckResult> {
  if (check.last === null || now - check.last.at >= check.cacheMs) {
    check.last = { at: now, result: check.look() };
  }
  return check.last.result;
}

async function lookOnce(
  name: string,
  look: (signal: AbortSignal) => Promise<unknown>,
  timeoutMs: number,
  required: boolean,
  nowMs: () => number,
): Promise<CheckResult> {
  const startedAt = nowMs();
  const result = (rest: Pick<CheckResult, 'status' | 'error'>): CheckResult => ({
    ...rest,
    required,
    durationMs: Math.round(nowMs() - startedAt),
    checkedAt: new Date(startedAt).toISOString(),
  });
  try {
    await within(timeoutMs, name, look);
    return result({ status: 'ok' });
  } catch (error) {
    const { message, code, errors } = errorRecord(error);
    return result({ status: 'failed', error: message || errors?.[0]?.message || code || 'failed' });
  }
}
