import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Inference } from '../inference/inference.ts';
import { refusals } from '../inference/refusals.ts';
import type { ProxyMetrics, RouteClass } from '../metrics.ts';
import type { PassThrough } from '../pass-through.ts';
import { sendError, sendJson } from './answer.ts';
import { classify, type Destination } from './classify.ts';
import { NodeCall } from './node-call.ts';

/** Where requests can go. */
export interface Rooms {
  readonly inference: Inference;
  readonly passThrough: PassThrough;
  readonly metrics: ProxyMetrics;
  readonly version: string;
  readonly apiVersion: string;
}

/** Hands a request to where it belongs, and counts it unless that does. */
export function serve(
  rooms: Rooms,
  request: IncomingMessage,
  response: ServerResponse,
  id: string,
): void {
  const destination = classify(request.method ?? 'GET', request.url ?? '/');
  switch (destination.kind) {
    case 'inference': {
      const { project, operation, path } = destination;
      const startedAt = performance.now();
      rooms.inference.handle({
        client: new NodeCall(request, response),
        requestId: id,
        project,
        operation,
        path,
        startedAt,
      });
      return;
    }
    case 'api':
      rooms.passThrough.request(request, response, id);
      break;
    default:
      answer(rooms, destination, new NodeCall(request, response), id);
  }
  const route = routeClassOf(destination);
  response.once('close', () => {
    rooms.metrics.request(route, response.writableFinished ? response.statusCode : 499);
  });
}

function answer(
  rooms: Rooms,
  destination: Exclude<Destination, { kind: 'inference' | 'api' }>,
  client: NodeCall,
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
      sendError(client, id, refusals.wrongMethod(destination.allow), {
        allow: destination.allow,
      });
      return;
    case 'unknown':
      sendError(client, id, refusals.notFound());
  }
}

function routeClassOf(destination: Destination): RouteClass {
  const { kind } = destination;
  return kind === 'health' || kind === 'models' || kind === 'api' ? kind : 'other';
}
