/** Every way in which something can go wrong for a caller; `contracts/error-table` says how each is told. */
export type ErrorCode =
  | 'invalid_request'
  | 'invalid_json'
  | 'invalid_api_key'
  | 'forbidden'
  | 'not_found'
  | 'project_not_found'
  | 'model_not_found'
  | 'command_not_found'
  | 'recipe_not_found'
  | 'service_not_found'
  | 'service_not_ready'
  | 'cluster_not_found'
  | 'method_not_allowed'
  | 'upgrade_required'
  | 'not_supported'
  | 'idempotency_key_reused'
  | 'payload_too_large'
  | 'unsupported_media_type'
  | 'request_timeout'
  | 'cluster_refused'
  | 'rate_limit_exceeded'
  | 'internal_error'
  | 'upstream_error'
  | 'upstream_timeout'
  | 'connect_timeout'
  | 'first_byte_timeout'
  | 'between_bytes_timeout'
  | 'total_timeout'
  | 'model_loading'
  | 'model_failed'
  | 'overloaded'
  | 'cluster_unreachable'
  | 'store_unavailable'
  | 'issuer_unavailable'
  | 'shutting_down';

export interface AppErrorOptions {
  /** The field or parameter at fault, as the caller wrote it. */
  readonly param?: string;
  readonly retryAfterSeconds?: number;
  /** Which limit, where that is what it is about: OpenAI's `type` of a 429. */
  readonly type?: 'requests' | 'tokens';
  /** What a 401 says of the credential that came, as `WWW-Authenticate` writes it (RFC 6750 §3). */
  readonly challenge?: string;
  /** Logged, never returned. */
  readonly cause?: unknown;
}

/** A failure with a stable code. Its message is for the caller and carries no secret. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly param: string | null;
  readonly retryAfterSeconds: number | null;
  readonly type: 'requests' | 'tokens' | null;
  readonly challenge: string | null;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.param = options.param ?? null;
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
    this.type = options.type ?? null;
    this.challenge = options.challenge ?? null;
  }
}

/** By shape, not by class: survives a duplicate install and a worker boundary. */
export function isAppError(error: unknown): error is AppError {
  return error instanceof Error && error.name === 'AppError' && 'code' in error;
}
