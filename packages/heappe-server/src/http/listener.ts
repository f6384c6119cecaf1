import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultRule } from '../faults/faults.ts';
import type { Instance } from '../instance.ts';
import { userOfHeaders } from '../people/identify.ts';
import { sendError, sendJson, sendStatusPage } from './answer.ts';
import { readBody } from './body.ts';
import { HeappeError, PlainAnswer } from './heappe-error.ts';
import { Call, type Reply, type Route } from './routes.ts';

const prefix = '/heappe/';

/** The HTTP side: finds the route, applies limits and faults, answers. */
export function createListener(instance: Instance, routes: readonly Route[]): Server {
  const table = new Map(
    routes
      .filter(({ since }) => since?.(instance.traits) ?? true)
      .map((route) => [`${route.method} ${fullPath(route)}`.toLowerCase(), route]),
  );
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://heappe');
    const path = url.pathname.replace(/\/+$/, '').toLowerCase();
    const route = table.get(`${(request.method ?? 'GET').toLowerCase()} ${path}`);
    if (route === undefined) {
      const others = [...table.keys()].some((key) => key.endsWith(` ${path}`));
      request.resume();
      sendStatusPage(response, others ? 405 : 404);
      return;
    }
    serve(instance, route, request, response, url.searchParams).catch((error: unknown) => {
      if (!response.destroyed) sendError(response, error, instance.traits);
    });
  });
  server.keepAliveTimeout = 130_000;
  server.requestTimeout = 0;
  return server;
}

const fullPath = ({ path }: Route) => (path.startsWith('/') ? path : `${prefix}${path}`);

async function serve(
  instance: Instance,
  route: Route,
  request: IncomingMessage,
  response: ServerResponse,
  query: URLSearchParams,
): Promise<void> {
  const action = route.path.split('/').at(-1) ?? route.path;
  // Whole, before anything may go wrong on purpose: a caller that leaves meanwhile has asked all the same.
  const body = await readBody(request, route.limit);
  await apply(instance.faults.strike(action, 'before'), response);
  const byHeader = await userOfHeaders(instance, request);
  const call = new Call({ instance, request, response, query, body, byHeader });
  let reply: Reply;
  try {
    reply = await route.handle(call);
  } catch (error) {
    await apply(instance.faults.strike(action, 'after'), response);
    throw error;
  }
  if (reply === 'streamed') return;
  await apply(instance.faults.strike(action, 'after'), response);
  // Ok(null) is 204 in ASP.NET.
  if (reply.json === null) response.writeHead(204).end();
  else sendJson(response, reply.status ?? 200, reply.json);
}

/** Returns when the call may go on. */
async function apply(effect: FaultRule['effect'] | null, response: ServerResponse): Promise<void> {
  if (effect === null) return;
  switch (effect.kind) {
    case 'delay':
      await sleep(effect.ms);
      return;
    case 'hang':
      return new Promise(() => {});
    case 'disconnect':
      response.destroy();
      throw new PlainAnswer(500, 'cut');
    case 'status':
      if (effect.status === 500) throw new HeappeError('internal', 'on purpose');
      if (effect.status === 502) {
        throw new HeappeError('ssh', 'An established connection was aborted by the server.');
      }
      throw new PlainAnswer(effect.status, statusText(effect.status));
  }
}

function statusText(status: number): string {
  return status === 429
    ? 'API calls quota exceeded! maximum admitted 1000000 per 1h.'
    : `Status Code: ${status}`;
}
