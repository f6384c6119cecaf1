import type { ErrorCode } from '@wakefield/domain';

/** How one error code is told over HTTP and in logs. */
export interface ErrorRow {
  readonly status: number;
  /** OpenAI's `type` where it has one. */
  readonly type:
    | 'invalid_request_error'
    | 'authentication_error'
    | 'permission_error'
    | 'requests'
    | 'server_error';
  readonly log: 'debug' | 'info' | 'warn' | 'error';
  /** What an OpenAI SDK should do: `x-should-retry`. null leaves it to the status. */
  readonly retry: boolean | null;
}

const invalid = (status: number): ErrorRow => ({
  status,
  type: 'invalid_request_error',
  log: 'info',
  retry: false,
});
const server = (
  status: number,
  log: ErrorRow['log'] = 'warn',
  retry: boolean | null = null,
): ErrorRow => ({ status, type: 'server_error', log, retry });

/** Exhaustive by type: a new code does not compile until it has a row. */
export const errorTable: Readonly<Record<ErrorCode, ErrorRow>> = {
  invalid_request: invalid(400),
  invalid_json: invalid(400),
  invalid_api_key: { status: 401, type: 'authentication_error', log: 'info', retry: false },
  forbidden: { status: 403, type: 'permission_error', log: 'info', retry: false },
  not_found: invalid(404),
  project_not_found: invalid(404),
  model_not_found: invalid(404),
  command_not_found: invalid(404),
  recipe_not_found: invalid(404),
  service_not_found: invalid(404),
  service_not_ready: invalid(409),
  cluster_not_found: invalid(404),
  method_not_allowed: invalid(405),
  upgrade_required: invalid(426),
  not_supported: server(501, 'info', false),
  idempotency_key_reused: invalid(409),
  payload_too_large: invalid(413),
  unsupported_media_type: invalid(415),
  request_timeout: invalid(408),
  cluster_refused: invalid(422),
  // `tokens` where the error says so.
  rate_limit_exceeded: { status: 429, type: 'requests', log: 'info', retry: null },
  internal_error: server(500, 'error'),
  upstream_error: server(502),
  upstream_timeout: server(504),
  connect_timeout: server(504),
  // An engine was at it, and would take as long again.
  first_byte_timeout: server(504, 'warn', false),
  between_bytes_timeout: server(504, 'warn', false),
  total_timeout: server(504, 'info', false),
  model_loading: server(503, 'info'),
  model_failed: server(503, 'info', false),
  overloaded: server(503),
  cluster_unreachable: server(503),
  store_unavailable: server(503),
  issuer_unavailable: server(503),
  shutting_down: server(503, 'info', true),
};
