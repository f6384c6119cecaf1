import { newTraceId } from './trace-context.ts';

const sane = /^[A-Za-z0-9._:-]{1,128}$/;

/** The caller's `X-Request-Id` if it is 1 to 128 of `[A-Za-z0-9._:-]`, else a new one. */
export function requestId(headerValue: string | readonly string[] | undefined): string {
  const value = typeof headerValue === 'string' ? headerValue : headerValue?.[0];
  if (value !== undefined && sane.test(value)) return value;
  return `req_${newTraceId()}`;
}
