import type { AppError } from '@wakefield/domain';

/** Of control frames (RFC 6455 §5.5), less the two bytes of the code. */
const mostReasonBytes = 123;
const finalClose = 0x88;
/** RFC 6455 §7.4.1. */
const goingAway = 1001;
const policy = 1008;
const serverError = 1011;

/** Of whom nothing is wrong: time is over, or rights are. */
const ofPolicy: ReadonlySet<AppError['code']> = new Set([
  ...(['total_timeout', 'between_bytes_timeout'] as const),
  ...(['invalid_api_key', 'forbidden', 'service_not_found'] as const),
]);

/**
 * A Close frame in the place of an engine that will not send one. From a server to its client, so without a mask
 * (RFC 6455 §5.1).
 */
export function closeFrame(error: Pick<AppError, 'code' | 'message'>): Buffer {
  const reason = cut(Buffer.from(error.message));
  const frame = Buffer.alloc(4 + reason.length);
  frame[0] = finalClose;
  frame[1] = 2 + reason.length;
  frame.writeUInt16BE(closeCodeOf(error.code), 2);
  reason.copy(frame, 4);
  return frame;
}

function closeCodeOf(code: AppError['code']): number {
  if (code === 'shutting_down') return goingAway;
  return ofPolicy.has(code) ? policy : serverError;
}

/** Never in the middle of a character: clients fail a connection over that (RFC 6455 §8.1). */
function cut(bytes: Buffer): Buffer {
  let end = Math.min(bytes.length, mostReasonBytes);
  while (end > 0 && end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end);
}
