import type { ErrorCode } from '@wakefield/domain';

/** What a code means and what to do about it: for the API document and docs/reference/errors.md. */
export interface ErrorHelp {
  readonly meaning: string;
  readonly remedy: string;
  /** A message as callers see it. */
  readonly example: string;
  readonly param: string | null;
}

const help = (
  meaning: string,
  remedy: string,
  example: string,
  param: string | null = null,
): ErrorHelp => ({ meaning, remedy, example, param });

/** Exhaustive by type, like the error table. */
export const errorHelp: Readonly<Record<ErrorCode, ErrorHelp>> = {
  invalid_request: help(
    'A field is missing, unknown, of the wrong type or out of bounds.',
    'Mend the field that `param` names.',
    'gpu_count must be at least 1, not 0.',
    'gpu_count',
  ),
  invalid_json: help(
    'The request body is not JSON.',
    'Send valid JSON.',
    'The request body is not valid JSON.',
  ),
  invalid_api_key: help(
    'There is no bearer token, or it is not valid (any more).',
    'Send `Authorization: Bearer <key>` with a valid key, or with an access token that has not expired.',
    'A valid key is needed: send it as "Authorization: Bearer <key>".',
  ),
  forbidden: help(
    'The key is known but may not do this.',
    'Ask for a role that may, or use another key.',
    'This key may not change models of the project.',
  ),
  not_found: help(
    'There is nothing at this path.',
    'Look at /swagger/index.html for the paths that there are.',
    'There is nothing at this path.',
  ),
  project_not_found: help(
    'The project is not activated, or is not one of the caller.',
    'Activate it with POST /p.',
    'There is no project "eu-00-00".',
    'project',
  ),
  model_not_found: help(
    'The project has no registered model of that id.',
    'Register it with PUT /p/{project}/models, or mend the id.',
    'There is no model "Qwen/Qwen3-8B" in project "eu-00-00".',
    'hf_model_id',
  ),
  command_not_found: help(
    'The project has no such command.',
    'Mend the id.',
    'There is no command 0199f7c4-6a53-7c1e-9c55-0d6f1f6f2b11 in project "eu-00-00".',
    'id',
  ),
  recipe_not_found: help(
    'There is no recipe of that name.',
    'Name one of GET /api/v1/recipes.',
    'There is no recipe "inference/vlm". Did you mean "inference/vllm"?',
    'recipe_path',
  ),
  service_not_found: help(
    'There is no such service in a project of yours.',
    'Name one of GET /api/v1/services.',
    'There is no service "3652098".',
    'id',
  ),
  service_not_ready: help(
    'The service does not answer, or not yet; the message says its status.',
    'Come again after Retry-After while it is pending, building or starting; else start another one.',
    'The service "3652098" is starting: it does not answer yet.',
    'id',
  ),
  cluster_not_found: help(
    'The configuration has no such cluster.',
    'Name a cluster of the configuration.',
    'There is no cluster "karolina" in the configuration.',
    'cluster',
  ),
  method_not_allowed: help(
    'The path exists but does not take this method.',
    'Use a method of the header `Allow`.',
    'This path takes GET, HEAD, PUT, POST and DELETE, not PATCH.',
  ),
  upgrade_required: help(
    'This path is for WebSocket alone, and the request does not offer it as it has to.',
    'Use a WebSocket client: GET with `Upgrade: websocket` and `Sec-WebSocket-Version: 13`.',
    'This path speaks WebSocket, version 13: offer it by GET in HTTP/1.1.',
  ),
  not_supported: help(
    'What was asked for cannot be had in this way, or not in this installation.',
    'The message says what stands in the way.',
    'This service is reached by way of HEAppE, which carries no WebSocket.',
  ),
  idempotency_key_reused: help(
    'The idempotency key was used before with another request.',
    'Use a new key for a new request.',
    'This Idempotency-Key was used before with another request.',
    'Idempotency-Key',
  ),
  payload_too_large: help(
    'The request body is larger than the limit.',
    'Send less.',
    'The request body is larger than 1048576 bytes.',
  ),
  unsupported_media_type: help(
    'The body is not declared as JSON.',
    'Send `Content-Type: application/json`, without compression.',
    'The request body must be sent as application/json.',
  ),
  request_timeout: help(
    'The request did not arrive in time.',
    'Send it again.',
    'The request did not arrive in time.',
  ),
  cluster_refused: help(
    'The cluster would not take a job of this project.',
    'The message carries the words of the cluster; often an account or a partition is wrong.',
    'Cluster karolina would not take a job of eu-00-00: Invalid account or account/partition combination specified',
    'cluster',
  ),
  rate_limit_exceeded: help(
    'The caller, the project or the model has used what a limit allows for now (`type`: of requests or of tokens), or has too much waiting.',
    'Try again after `Retry-After`; where there is none, ask for fewer tokens. `X-RateLimit-…` on every answer says what is left.',
    'The limit of the principal "site:4711" is reached: 600 requests per minute. Come again in 3 s.',
  ),
  internal_error: help(
    'Something went wrong on our side.',
    'Try again; if it stays, report the request id.',
    'Something went wrong on our side. The request id helps us to find it.',
  ),
  upstream_error: help(
    'The engine, or the api behind the proxy, broke off or could not be reached.',
    'Try again.',
    'The engine closed the connection before it answered.',
  ),
  upstream_timeout: help(
    'The engine did not answer in time.',
    'Try again, or ask for less.',
    'The engine did not answer in time.',
  ),
  connect_timeout: help(
    'No engine of the model could be connected to in time (`timeouts.connect`), not even another one.',
    'Try again; if it stays, look at the jobs of the model and at the way to their nodes.',
    'No engine of this model could be connected to within 5 s.',
  ),
  first_byte_timeout: help(
    'An engine took the request and sent nothing of an answer in time (`timeouts.first_byte`). It was told to stop.',
    'Stream, ask for less, or let the model have more time or more jobs.',
    'The engine sent nothing of an answer within 120 s.',
  ),
  between_bytes_timeout: help(
    'The answer stood still for too long (`timeouts.between_bytes`). Its engine was told to stop.',
    'Try again; if it stays, look at the load of the engine.',
    'The answer stood still for 60 s; what came so far is all there is.',
  ),
  total_timeout: help(
    'The request took longer than it may in all (`timeouts.total`, or `X-Request-Timeout`), waiting for the model included.',
    'Ask for less, or give it more time.',
    'The request took longer than the 30 s that it may take in all.',
  ),
  model_loading: help(
    'The model was not ready within the time that the request could wait.',
    'Try again after `Retry-After`; stream to be held open meanwhile.',
    'Model "Qwen/Qwen3-8B" is loading. Try again in 30 s.',
    'model',
  ),
  model_failed: help(
    'The model failed to start, and is not tried again by itself.',
    'The message says why. Mend it, then wake the model.',
    'Model "Qwen/Qwen3-8B" failed: CUDA out of memory',
    'model',
  ),
  overloaded: help(
    'Too many requests wait already, for a model or for the issuer of a token.',
    'Try again after `Retry-After`.',
    'Too many requests are waiting for this model.',
  ),
  cluster_unreachable: help(
    'The cluster does not answer.',
    'Try again later; running jobs are not affected.',
    'Cluster karolina could not be asked: connect ETIMEDOUT',
  ),
  store_unavailable: help(
    'The database does not answer. Models that are ready go on serving.',
    'Try again after `Retry-After`.',
    'The database does not answer at the moment. Try again shortly.',
  ),
  issuer_unavailable: help(
    'The issuer of the token cannot be asked, and without it nobody can tell whether the token is good.',
    'Try again after `Retry-After`. Tokens that were seen before are not affected.',
    'The issuer of this token cannot be reached to check it. Try again shortly.',
  ),
  shutting_down: help(
    'This process is ending.',
    'Try again: another one takes over.',
    'This server is shutting down. Try again.',
  ),
};
