import type { Dialect } from './options.ts';

/** An answer that is an error, in the imitated engine's words. */
export class EngineError extends Error {
  readonly status: number;
  readonly type: string;
  readonly param: string | null;

  constructor(status: number, type: string, message: string, param: string | null = null) {
    super(message);
    this.name = 'EngineError';
    this.status = status;
    this.type = type;
    this.param = param;
  }
}

/** A body that fails validation: vLLM answers 400, not FastAPI's usual 422. */
export function invalid(field: string, message: string, param = `body.${field}`): EngineError {
  const text = `1 validation error:\n  {'loc': ('body', '${field}'), 'msg': '${message}'}`;
  return new EngineError(400, 'Bad Request', text, param);
}

export function unknownModel(model: string): EngineError {
  const message = `The model \`${model}\` does not exist.`;
  return new EngineError(404, 'NotFoundError', message, 'model');
}

export function engineDead(): EngineError {
  const message = 'EngineCore encountered an issue. See stack trace (above) for the root cause.';
  return new EngineError(500, 'InternalServerError', message);
}

/** vLLM nests its errors under `error`, SGLang's are flat; `code` is the HTTP status in both. */
export function errorPayload(dialect: Dialect, error: EngineError): unknown {
  const fields = {
    message: error.message,
    type: error.type,
    param: error.param,
    code: error.status,
  };
  return dialect === 'vllm' ? { error: fields } : { object: 'error', ...fields };
}

/** Errors of a running stream arrive as a data event, under `error` in both dialects. */
export function errorEventPayload(dialect: Dialect, error: EngineError): unknown {
  return dialect === 'vllm'
    ? errorPayload(dialect, error)
    : { error: errorPayload(dialect, error) };
}
