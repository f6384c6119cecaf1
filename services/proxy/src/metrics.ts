import type { LimitScope, TimeLimit, WaitsFor } from '@wakefield/domain';
import { answerBuckets, type Metrics } from '@wakefield/runtime';
import { countLater } from './count-later.ts';
import type { Loss } from './inference/attempt.ts';
import type { CountedTokens } from './inference/count-tokens.ts';
import type { LimitKind } from './limits/meter.ts';
import { createPassingMetrics, type PassingMetrics } from './passing-metrics.ts';
import type { ConnectionEnd } from './server/connections.ts';

/** Where a request went: a bounded set, for labels. */
export type RouteClass =
  | 'chat_completions'
  | 'completions'
  | 'embeddings'
  | 'realtime'
  | 'models'
  | 'health'
  | 'services'
  | 'service_models'
  | 'service_prompt'
  | 'api'
  | 'other';

/** How a wait ended; `lost`: what it waited for went away, and it waits for something else. */
export type WaitOutcome = 'served' | 'refused' | 'left' | 'lost';

/** What stands in the way of a request: a limit, or too many of its own that wait already. */
export type LimitedBy = LimitKind | 'queue';

/**
 * Why the front leaves a connection to node:http.
 * - `head`      it is not understood
 * - `route`     what is asked is not for the front
 * - `pipelined` another one came right behind it
 */
export type YieldReason = 'head' | 'route' | 'pipelined';

/** Figures of the proxy. Labels are bounded: never a user, a request or a path. */
export interface ProxyMetrics extends PassingMetrics {
  request(route: RouteClass, code: number): void;
  tokens(project: string, model: string, tokens: CountedTokens): void;
  firstByte(seconds: number): void;
  waited(waitsFor: WaitsFor, seconds: number, outcome: WaitOutcome): void;
  rateLimited(limit: LimitedBy, scope: LimitScope): void;
  retry(reason: Loss): void;
  /** A request over a limit of time; one that did not connect may have been answered by another engine. */
  timedOut(limit: TimeLimit): void;
  /** A stream that did not come to its end: because of the client, or of the engine. */
  aborted(by: 'client' | 'engine'): void;
  /** The front left a connection to node:http. */
  yielded(reason: YieldReason): void;
  /** A client's connection was ended for the sake of others. */
  connectionEnded(reason: ConnectionEnd): void;
}

/** Figures that are read when someone scrapes. */
export interface ProxyGauges {
  readonly held: () => number;
  /** Those that wait for a place at an engine. */
  readonly queued: () => number;
  readonly inFlight: () => number;
  /** Connections of clients. */
  readonly connections: () => number;
  /** Bytes of request bodies in memory. */
  readonly bodyBytes: () => number;
  /** Requests to services that are under way, and sessions with them. */
  readonly serviceRequests: () => number;
  readonly serviceSessions: () => number;
  /** Endpoints that failed several times in a row and are left alone. */
  readonly ejected: () => number;
  readonly tableRevision: () => number;
  /** Seconds since the route store last answered. */
  readonly tableAge: () => number;
}

const holdBuckets = [0.1, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 180, 300, 600];

/** Registers the proxy's metrics once. */
export function createProxyMetrics(metrics: Metrics, gauges: ProxyGauges): ProxyMetrics {
  registerGauges(metrics, gauges);
  const requests = countLater(metrics, {
    name: 'wakefield_http_requests_total',
    help: 'Answered HTTP requests by class of route and status; 499: the client left first.',
    labelNames: ['route', 'code'],
  });
  const tokens = countLater(metrics, {
    name: 'wakefield_tokens_total',
    help: 'Tokens as engines counted them in the answers they sent usage with.',
    labelNames: ['project', 'model', 'kind'],
  });
  const estimated = countLater(metrics, {
    name: 'wakefield_estimated_tokens_total',
    help: 'Tokens of answers whose engines did not get to tell them, guessed by size and chunks. Not in wakefield_tokens_total.',
    labelNames: ['project', 'model', 'kind'],
  });
  const firstByte = metrics.histogram({
    name: 'wakefield_time_to_first_byte_seconds',
    help: 'From a request to the first byte of its engine on the way to the client, holds included.',
    buckets: [...answerBuckets],
  });
  const holds = metrics.histogram({
    name: 'wakefield_hold_seconds',
    help: 'How long requests waited for their model.',
    labelNames: ['outcome'],
    buckets: holdBuckets,
  });
  const queues = metrics.histogram({
    name: 'wakefield_queue_seconds',
    help: 'How long requests waited for a place where the engines of their model were full.',
    labelNames: ['outcome'],
    buckets: holdBuckets,
  });
  const limited = metrics.counter({
    name: 'wakefield_rate_limited_total',
    help: 'Requests that were refused because a limit was reached, or because too many of one principal wait.',
    labelNames: ['limit', 'scope'],
  });
  const retries = metrics.counter({
    name: 'wakefield_upstream_retries_total',
    help: 'Attempts that brought nothing, before the first byte.',
    labelNames: ['reason'],
  });
  const timeouts = metrics.counter({
    name: 'wakefield_request_timeouts_total',
    help: 'Limits of time that requests were over; one that did not connect may have been answered by another engine.',
    labelNames: ['limit'],
  });
  const aborted = metrics.counter({
    name: 'wakefield_aborted_streams_total',
    help: 'Answers that began and did not come to their end.',
    labelNames: ['by'],
  });
  const yielded = metrics.counter({
    name: 'wakefield_front_yields_total',
    help: 'Connections that the front left to node:http for the rest of their life, and why.',
    labelNames: ['reason'],
  });
  const ended = metrics.counter({
    name: 'wakefield_client_connections_ended_total',
    help: 'Connections of clients that were ended: too many were open, or nothing was taken of an answer.',
    labelNames: ['reason'],
  });
  const requestsOf = remember((route: RouteClass, code: number) =>
    requests({ route, code: String(code) }),
  );
  const childrenOf = (counter: typeof tokens) =>
    remember((project: string, model: string) => ({
      prompts: counter({ project, model, kind: 'prompt' }),
      completions: counter({ project, model, kind: 'completion' }),
    }));
  const tokensOf = childrenOf(tokens);
  const estimatedOf = childrenOf(estimated);
  return {
    ...createPassingMetrics(metrics),
    request: (route, code) => {
      requestsOf(route, code).more += 1;
    },
    tokens: (project, model, { prompt, completion, estimated: isGuess }) => {
      if (prompt + completion === 0) return;
      const { prompts, completions } = (isGuess ? estimatedOf : tokensOf)(project, model);
      prompts.more += prompt;
      completions.more += completion;
    },
    firstByte: (seconds) => firstByte.observe(seconds),
    waited: (waitsFor, seconds, outcome) =>
      (waitsFor === 'place' ? queues : holds).labels(outcome).observe(seconds),
    rateLimited: (limit, scope) => limited.labels(limit, scope).inc(),
    retry: (reason) => retries.labels(reason).inc(),
    timedOut: (limit) => timeouts.labels(limit).inc(),
    aborted: (by) => aborted.labels(by).inc(),
    yielded: (reason) => yielded.labels(reason).inc(),
    connectionEnded: (reason) => ended.labels(reason).inc(),
  };
}

/** Looking a child up by its labels costs more than counting, and there are few. */
function remember<A, B, Child>(child: (a: A, b: B) => Child): (a: A, b: B) => Child {
  const known = new Map<A, Map<B, Child>>();
  return (a, b) => {
    let inner = known.get(a);
    if (inner === undefined) {
      inner = new Map();
      known.set(a, inner);
    }
    let found = inner.get(b);
    if (found === undefined) {
      found = child(a, b);
      inner.set(b, found);
    }
    return found;
  };
}

function registerGauges(metrics: Metrics, gauges: ProxyGauges): void {
  const figures = [
    ['wakefield_held_requests', 'Requests that wait for their model.', gauges.held],
    [
      'wakefield_queued_requests',
      'Requests that wait for a place where the engines of their model are full.',
      gauges.queued,
    ],
    ['wakefield_requests_in_flight', 'Requests that an engine works on.', gauges.inFlight],
    ['wakefield_client_connections', 'Connections of clients that are open.', gauges.connections],
    ['wakefield_body_bytes', 'Bytes of request bodies that are kept to be sent.', gauges.bodyBytes],
    [
      'wakefield_service_requests_in_flight',
      'Requests to services that are under way, without sessions.',
      gauges.serviceRequests,
    ],
    [
      'wakefield_service_sessions',
      'Sessions with services (WebSocket) that are open.',
      gauges.serviceSessions,
    ],
    [
      'wakefield_ejected_endpoints',
      'Endpoints that failed several times in a row and are left alone; of several workers the most.',
      gauges.ejected,
      'max',
    ],
    [
      'wakefield_route_table_revision',
      'Revision of the route table; of several workers the oldest.',
      gauges.tableRevision,
      'min',
    ],
    [
      'wakefield_route_table_age_seconds',
      'Seconds since the route store last answered; of several workers the longest.',
      gauges.tableAge,
      'max',
    ],
  ] as const;
  for (const [name, help, read, aggregator = 'sum'] of figures) {
    metrics.gauge({
      name,
      help,
      aggregator,
      collect() {
        this.set(read());
      },
    });
  }
}
