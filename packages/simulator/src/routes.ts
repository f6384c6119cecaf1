import { randomUUID, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AnswerContext, answerStream, answerWhole } from './answer.ts';
import { metricsPage } from './counters.ts';
import { embeddingsAnswer } from './embeddings.ts';
import type { Engine } from './engine.ts';
import { EngineError, engineDead } from './engine-error.ts';
import { clientGone, readJson, sendJson, sendText } from './http.ts';
import type { SimulatorOptions } from './options.ts';
import type { PrefixCache } from './prefix-cache.ts';
import { parseChat, parseCompletion } from './request.ts';
import type { AnswerKind } from './wire.ts';

/** What the routes look at besides the request. */
export interface RouteContext {
  readonly options: SimulatorOptions;
  readonly engine: Engine;
  /** SIGTERM came. */
  readonly draining: () => boolean;
  readonly prefixes: PrefixCache;
  readonly onGenerated: (generated: Generated) => void;
}

/** What was generated for one request, whether or not all of it was sent. */
export interface Generated {
  /** As its client named it, where it did. */
  readonly requestId: string;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Whether the answer was sent to its end. */
  readonly complete: boolean;
}

const version = '0.29.0';
/** `vllm-<version>-<hash>`, as by default (`--fingerprint-mode full`). */
const fingerprint = `vllm-${version}-5101a7ed`;

type Handler = (
  context: RouteContext,
  request: IncomingMessage,
  response: ServerResponse,
) => void | Promise<void>;

type Method = 'GET' | 'POST';

const shared: Readonly<Record<string, Partial<Record<Method, Handler>>>> = {
  '/health': { GET: health },
  '/ping': { GET: health, POST: health },
  '/metrics': { GET: metrics },
  '/v1/models': { GET: models },
  '/v1/chat/completions': { POST: (...call) => generate('chat', ...call) },
  '/v1/completions': { POST: (...call) => generate('completion', ...call) },
  '/v1/embeddings': { POST: embeddings },
};

const routes = {
  vllm: {
    ...shared,
    '/version': { GET: (_, __, response) => sendJson(response, 200, { version }) },
    '/load': {
      GET: ({ engine }, _, response) => sendJson(response, 200, { server_load: engine.inFlight }),
    },
  },
  sglang: {
    ...shared,
    '/health_generate': { GET: health },
    '/model_info': {
      GET: ({ options }, _, response) =>
        sendJson(response, 200, { model_path: options.models[0], is_generation: true }),
    },
    '/server_info': {
      GET: ({ options }, _, response) =>
        sendJson(response, 200, {
          internal_states: [{ effective_max_running_requests_per_dp: options.maxConcurrency }],
        }),
    },
  },
} satisfies Record<string, Readonly<Record<string, Partial<Record<Method, Handler>>>>>;

/**
 * Answers one request.
 * @throws EngineError for everything that the imitated engine would refuse
 */
export async function route(
  context: RouteContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { options } = context;
  const path = request.url?.split('?')[0] ?? '/';
  if (needsKey(options, path) && !hasKey(options, request)) {
    sendJson(response, 401, { error: 'Unauthorized' });
    return;
  }
  const table: Readonly<Record<string, Partial<Record<Method, Handler>>>> = routes[options.dialect];
  const methods = Object.hasOwn(table, path) ? table[path] : undefined;
  if (methods === undefined) throw new EngineError(404, 'Not Found', 'Not Found');
  const handler = methods[request.method as Method];
  if (handler === undefined) throw new EngineError(405, 'Method Not Allowed', 'Method Not Allowed');
  await handler(context, request, response);
}

/** vLLM guards `/v1` alone; SGLang guards everything but health and metrics. */
function needsKey({ dialect }: SimulatorOptions, path: string): boolean {
  return dialect === 'vllm'
    ? path.startsWith('/v1')
    : !path.startsWith('/health') && !path.startsWith('/metrics');
}

/** Whether it carries the key, if one is asked for. */
export function hasKey({ key }: SimulatorOptions, request: IncomingMessage): boolean {
  if (key === null) return true;
  const given = Buffer.from(request.headers.authorization ?? '');
  const wanted = Buffer.from(`Bearer ${key}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function health(
  { engine, options, draining }: RouteContext,
  _: IncomingMessage,
  response: ServerResponse,
) {
  const well = !engine.dead && !(options.dialect === 'sglang' && draining());
  response.writeHead(well ? 200 : 503, { 'content-length': 0 });
  response.end();
}

function metrics({ options, engine }: RouteContext, _: IncomingMessage, response: ServerResponse) {
  const { running, waiting } = engine.slots;
  const load = { running, waiting, maxConcurrency: options.maxConcurrency };
  const name = options.models[0] ?? '';
  sendText(response, 200, metricsPage(options.dialect, name, engine.counters, load));
}

function models({ options }: RouteContext, _: IncomingMessage, response: ServerResponse) {
  const created = seconds();
  const data = options.models.map((id) => ({
    id,
    object: 'model',
    created,
    owned_by: 'wakefield-simulator',
    simulated: true,
    root: options.models[0],
    parent: null,
    max_model_len: options.maxModelLen,
    permission: [],
  }));
  sendJson(response, 200, { object: 'list', data });
}

async function generate(
  kind: AnswerKind,
  { options, engine, prefixes, onGenerated }: RouteContext,
  request: IncomingMessage,
  response: ServerResponse,
) {
  const body = await readJson(request);
  const parsed = kind === 'chat' ? parseChat(body, options) : parseCompletion(body, options);
  if (engine.dead) throw engineDead();
  const prefix = kind === 'chat' ? 'chatcmpl' : 'cmpl';
  const id = requestId(request);
  const { prompt, promptTokens } = parsed.generation;
  const cached = prefixes.take(prompt, promptTokens);
  const context: AnswerContext = {
    engine,
    dialect: options.dialect,
    envelope: {
      kind,
      id: `${prefix}-${id}`,
      created: seconds(),
      model: parsed.model,
      fingerprint: options.dialect === 'vllm' ? fingerprint : null,
    },
    request: parsed,
    response,
    signal: clientGone(response),
    usage: {
      promptTokens,
      completionTokens: 0,
      cachedTokens: options.enablePromptTokensDetails ? cached : null,
    },
  };
  let complete = false;
  try {
    await (parsed.stream ? answerStream : answerWhole)(context);
    complete = true;
  } finally {
    const { completionTokens } = context.usage;
    onGenerated({ requestId: id, promptTokens, completionTokens, complete });
  }
}

async function embeddings(
  { options, engine }: RouteContext,
  request: IncomingMessage,
  response: ServerResponse,
) {
  const body = await readJson(request);
  const answer = embeddingsAnswer(body, options, requestId(request), seconds());
  const release = await engine.slots.take(clientGone(response));
  try {
    engine.counters.promptTokens += answer.usage.prompt_tokens;
    sendJson(response, 200, answer);
  } finally {
    release();
  }
}

/** vLLM builds its ids from `X-Request-Id` where there is one. */
function requestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && given !== '' ? given : randomUUID().replaceAll('-', '');
}

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}
