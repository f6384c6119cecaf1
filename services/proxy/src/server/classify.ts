/** What a request is about; decided from method and path alone. */
export type Destination =
  /** Answered here, whatever is down behind us. */
  | { readonly kind: 'health' }
  /** An inference call; `path` is the engine's, with the query string. */
  | {
      readonly kind: 'inference';
      readonly project: string;
      readonly operation: Operation;
      readonly path: string;
    }
  /** A session with an engine: an offer of WebSocket, or what should have been one. */
  | { readonly kind: 'realtime'; readonly project: string; readonly path: string }
  | { readonly kind: 'models'; readonly project: string; readonly id: string | null }
  /** Below the path of a service; `rest` is what follows it: a path, a query, or nothing. */
  | { readonly kind: 'service'; readonly id: string; readonly rest: string }
  /** A link to a service for a browser. */
  | { readonly kind: 'visits'; readonly id: string }
  /** What the engine of a service is asked on behalf of a caller. */
  | { readonly kind: 'service_models' | 'service_prompt'; readonly id: string }
  /** Below `openai/` and not ours. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'wrong_method'; readonly allow: string }
  /** The management API's. */
  | { readonly kind: 'api' };

/** What is about a service, by its own id or by that of its job. Never through the front. */
export type ServiceDestination = Extract<
  Destination,
  { readonly kind: 'service' | 'visits' | 'service_models' | 'service_prompt' }
>;

export type Operation = 'chat/completions' | 'completions' | 'embeddings' | 'realtime';

const api: Destination = { kind: 'api' };
const health: Destination = { kind: 'health' };
const unknown: Destination = { kind: 'unknown' };
const postOnly: Destination = { kind: 'wrong_method', allow: 'POST' };
const plainGetOnly: Destination = { kind: 'wrong_method', allow: 'GET' };
const getOnly: Destination = { kind: 'wrong_method', allow: 'GET, HEAD' };

const servicesPrefix = '/api/v1/services/';
const vllmPrefix = '/api/v1/vllm/';

const operations: ReadonlyMap<string, Operation> = new Map([
  ['chat/completions', 'chat/completions'],
  ['completions', 'completions'],
  ['embeddings', 'embeddings'],
]);

/**
 * The request target without scheme and host, which every server has to accept and which are not used for routing
 * here (RFC 9112 §3.2.2).
 */
export function originForm(target: string): string {
  if (target.startsWith('/') || !/^https?:\/\//i.test(target)) return target;
  const path = target.slice(target.indexOf('//') + 2).search(/[/?]/);
  if (path === -1) return '/';
  const rest = target.slice(target.indexOf('//') + 2 + path);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** The host that a request target names itself, without user; null for a target that is a path. */
export function hostOf(target: string): string | null {
  const authority = /^https?:\/\/([^/?]*)/i.exec(target)?.[1];
  return authority?.slice(authority.lastIndexOf('@') + 1) ?? null;
}

/** `url` is the request target in origin form; anything else goes to the API, which refuses it. */
export function classify(method: string, url: string): Destination {
  if (url.startsWith('/p/')) {
    const endOfProject = url.indexOf('/', 3);
    const below = endOfProject !== -1 && url.startsWith('/openai', endOfProject);
    return below ? belowOpenai(method, url, endOfProject) : api;
  }
  if (url.startsWith(servicesPrefix)) return ofService(method, url);
  if (url.startsWith(vllmPrefix)) return ofVllm(method, url);
  if (url !== '/health' && !url.startsWith('/health?')) return api;
  return isRead(method) ? health : getOnly;
}

function belowOpenai(method: string, url: string, endOfProject: number): Destination {
  if (!url.startsWith('/openai/v1/', endOfProject)) {
    // `/p/x/openaix` is not below `/p/x/openai`.
    const next = url[endOfProject + '/openai'.length];
    return next === undefined || next === '/' || next === '?' ? unknown : api;
  }
  const project = decode(url.slice(3, endOfProject));
  if (project === null) return unknown;
  const start = endOfProject + '/openai/v1/'.length;
  const mark = url.indexOf('?', start);
  const rest = mark === -1 ? url.slice(start) : url.slice(start, mark);
  if (rest === 'realtime') {
    const path = `/v1/${url.slice(start)}`;
    return method === 'GET' ? { kind: 'realtime', project, path } : plainGetOnly;
  }
  const operation = operations.get(rest);
  if (operation === undefined) return models(method, project, rest);
  if (method !== 'POST') return postOnly;
  return { kind: 'inference', project, operation, path: `/v1/${url.slice(start)}` };
}

function models(method: string, project: string, rest: string): Destination {
  if (rest !== 'models' && !rest.startsWith('models/')) return unknown;
  const id = rest === 'models' ? null : decode(rest.slice('models/'.length));
  if (id === '' || (id === null && rest !== 'models')) return unknown;
  return isRead(method) ? { kind: 'models', project, id } : getOnly;
}

/** What is about services is for another room than inference, and may take any form of HTTP. */
export function isOfServices(destination: Destination): destination is ServiceDestination {
  const { kind } = destination;
  return (
    kind === 'service' ||
    kind === 'visits' ||
    kind === 'service_models' ||
    kind === 'service_prompt'
  );
}

/** Whatever is below the path of a service is its own; all else of services is the api's. */
function ofService(method: string, url: string): Destination {
  const [, rawId = '', below, rest = ''] =
    /^([^/?]+)\/(proxy|visits)([/?].*)?$/s.exec(url.slice(servicesPrefix.length)) ?? [];
  if (below === undefined || (below === 'visits' && rest.startsWith('/'))) return api;
  const id = decode(rawId);
  if (id === null) return unknown;
  if (below === 'proxy') return { kind: 'service', id, rest };
  return method === 'POST' ? { kind: 'visits', id } : postOnly;
}

function ofVllm(method: string, url: string): Destination {
  const [, rawId = '', below] =
    /^([^/?]+)\/(models|prompt)(?:\?.*)?$/s.exec(url.slice(vllmPrefix.length)) ?? [];
  if (below === undefined) return api;
  const id = decode(rawId);
  if (id === null) return unknown;
  if (below === 'models') return isRead(method) ? { kind: 'service_models', id } : getOnly;
  return method === 'POST' ? { kind: 'service_prompt', id } : postOnly;
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** @returns null when the percent-encoding is broken */
function decode(text: string): string | null {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
