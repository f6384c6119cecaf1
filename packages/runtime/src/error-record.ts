import { types } from 'node:util';
import { withoutPassword } from './describe-config.ts';

/** An error as the log shows it, with everything that caused it. */
export interface ErrorRecord {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: ErrorRecord;
  /** Parts of an AggregateError: a refused connection tries several addresses and has no message of its own. */
  readonly errors?: readonly ErrorRecord[];
}

const maxDepth = 5;
const maxParts = 5;

/** Turns whatever was thrown into plain data. Passwords in URLs are masked; other fields of the error are dropped. */
export function errorRecord(error: unknown, depth = 0): ErrorRecord {
  // Also errors of another realm, which `instanceof` does not know.
  if (!types.isNativeError(error)) return { type: typeof error, message: thrownText(error) };
  const goOn = depth + 1 < maxDepth;
  const code = 'code' in error && error.code !== undefined ? String(error.code) : undefined;
  const parts =
    'errors' in error && Array.isArray(error.errors) ? error.errors.slice(0, maxParts) : [];
  return {
    type: error.name,
    message: withoutPassword(error.message),
    ...(code === undefined ? {} : { code }),
    ...(error.stack === undefined ? {} : { stack: withoutPassword(error.stack) }),
    ...(error.cause === undefined || !goOn ? {} : { cause: errorRecord(error.cause, depth + 1) }),
    ...(parts.length === 0 || !goOn
      ? {}
      : { errors: parts.map((part) => errorRecord(part, depth + 1)) }),
  };
}

function thrownText(thrown: unknown): string {
  try {
    return withoutPassword(typeof thrown === 'string' ? thrown : (JSON.stringify(thrown) ?? ''));
  } catch {
    return 'not printable';
  }
}
