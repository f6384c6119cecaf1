import type { Logger } from '@wakefield/runtime';
import type { Inference } from '../inference/inference.ts';
import { refusals } from '../inference/refusals.ts';
import type { ProxyMetrics, RouteClass } from '../metrics.ts';
import type { PassThrough } from '../pass-through.ts';
import type { Services } from '../services/services.ts';
import { sendError, sendJson } from './answer.ts';
import type { Destination, ServiceDestination } from './classify.ts';
import type { ClientCall } from './client-call.ts';

/** Where requests can go. */
export interface Rooms {
  readonly inference: Inference;
  readonly passThrough: PassThrough;
  readonly services: Services;
  readonly metrics: ProxyMetrics;
  readonly logger: Logger;
  readonly version: string;
  readonly apiVersion: string;
}

/** What is answered here: everything but the API's, what is about services, and what has to be offered in another way. */
export type OwnDestination = Exclude<
  Destination,
  { kind: 'api' | 'realtime' } | ServiceDestination
>;

/** Answers a request, and counts it. */
export function serve(
  rooms: Rooms,
  client: ClientCall,
  destination: OwnDestination,
  id: string,
): void {
  if (destination.kind === 'inference') {
    const { project, operation, path } = destination;
    const startedAt = performance.now();
    rooms.inference.handle({
      client,
      session: null,
      requestId: id,
      project,
      operation,
      path,
      startedAt,
    });
    return;
  }
  answer(rooms, client, destination, id);
  countAtEnd(rooms, client, destination);
}

/** Counts an answer when it is over. */
export function countAtEnd(
  { metrics }: Pick<Rooms, 'metrics'>,
  client: ClientCall,
  destination: Exclude<Destination, { kind: 'inference' }>,
): void {
  const route = routeClassOf(destination);
  client.onceClosed(() => metrics.request(route, client.finished ? client.status : 499));
}

function answer(
  rooms: Rooms,
  client: ClientCall,
  destination: Exclude<OwnDestination, { kind: 'inference' }>,
  id: string,
): void {
  switch (destination.kind) {
    case 'health':
      sendJson(client, id, 200, {
        status: 'OK',
        version: rooms.version,
        api_version: rooms.apiVersion,
      });
      return;
    case 'models': {
      const { project, id: model } = destination;
      void rooms.inference.models({ client, requestId: id, project }, model);
      return;
    }
    case 'wrong_method':
      sendError(client, id, refusals.wrongMethod(destination.allow), { allow: destination.allow });
      return;
    case 'unknown':
      sendError(client, id, refusals.notFound());
  }
}

function routeClassOf({ kind }: Exclude<Destination, { kind: 'inference' }>): RouteClass {
  if (kind === 'unknown' || kind === 'wrong_method') return 'other';
  return kind === 'service' || kind === 'visits' ? 'services' : kind;
}
