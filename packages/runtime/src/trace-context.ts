import { randomBytes } from 'node:crypto';

/** Place of a call in a trace (W3C Trace Context, https://www.w3.org/TR/trace-context/). */
export interface TraceContext {
  /** 32 hex digits: one wake is one trace over all processes. */
  readonly traceId: string;
  /** 16 hex digits: the caller's own step. */
  readonly parentId: string;
  readonly sampled: boolean;
}

const form = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** @returns null where the header is missing or not well-formed; later versions are read as far as they are known. */
export function parseTraceparent(
  headerValue: string | readonly string[] | undefined,
): TraceContext | null {
  // Several headers are as good as none (W3C Trace Context §3.2.2).
  if (typeof headerValue !== 'string') return null;
  const [, version, traceId = '', parentId = '', flags = '', rest] = form.exec(headerValue) ?? [];
  if (version === undefined || version === 'ff') return null;
  if (version === '00' && rest !== undefined) return null;
  if (/^0+$/.test(traceId) || /^0+$/.test(parentId)) return null;
  return { traceId, parentId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** The trace that a request belongs to: its own where it has one, else a new one. */
export function traceContext(headerValue: string | readonly string[] | undefined): TraceContext {
  return (
    parseTraceparent(headerValue) ?? {
      traceId: newTraceId(),
      parentId: newSpanId(),
      sampled: false,
    }
  );
}

/** The header for a call onwards. */
export function traceparent({ traceId, parentId, sampled }: TraceContext): string {
  return `00-${traceId}-${parentId}-${sampled ? '01' : '00'}`;
}

const idDigits = 32;
/** Random digits for the next ids: asking for them one by one costs ten times as much. */
let digits = '';
let used = 0;

export function newTraceId(): string {
  if (used === digits.length) {
    digits = randomBytes(64 * (idDigits / 2)).toString('hex');
    used = 0;
  }
  used += idDigits;
  return digits.slice(used - idDigits, used);
}

function newSpanId(): string {
  return randomBytes(8).toString('hex');
}
