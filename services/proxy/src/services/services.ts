import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorTable, toAppError } from '@wakefield/contracts';
import { failureFields, refusals } from '../inference/refusals.ts';
import type { RouteIndex } from '../routes/route-index.ts';
import type { Destination, ServiceDestination } from '../server/classify.ts';
import type { ClientCall } from '../server/client-call.ts';
import { mark, tellForwarded } from '../server/forwarded.ts';
import { NodeCall } from '../server/node-call.ts';
import type { UpgradeCall } from '../server/upgrade/upgrade-call.ts';
import { answerQuestion } from './answer-question.ts';
import { sendLink } from './links.ts';
import type { ServiceParts } from './parts.ts';
import { passHttp } from './pass-http.ts';
import { passSession } from './pass-session.ts';
import { type Passed, whatOf } from './passed.ts';
import { TemplateBook } from './prompts.ts';
import { createRunning, type Running } from './running.ts';
import { tellError } from './tell-error.ts';

type ToService = Extract<Destination, { kind: 'service' }>;

/** Requests to services: those that are passed on to them, and what their engines are asked here. */
export interface Services {
  request(
    request: IncomingMessage,
    response: ServerResponse,
    destination: ServiceDestination,
    requestId: string,
  ): void;
  /** An offer of WebSocket. */
  upgrade(
    request: IncomingMessage,
    call: UpgradeCall,
    destination: ToService,
    requestId: string,
  ): void;
  /** Whether it was sent to the origin of a service, where there is nothing else. */
  isVisit(request: IncomingMessage): boolean;
  /** Requests and sessions that services have now. */
  readonly underWay: Running['underWay'];
  /** Told of each table. */
  settle(routes: Pick<RouteIndex, 'serving'>): void;
  /** Ends sessions; requests may end by themselves. */
  shutDown(): void;
}

/** The door to programs of services: what runs on them is counted here, so that it ends with what it runs on. */
export function createServices(parts: ServiceParts): Services {
  const { visiting, isTrusted } = parts;
  const running = createRunning(parts.demand, parts.limits.endedMs, parts.limits.most);
  const templates = new TemplateBook();

  const passed = <Client extends ClientCall>(
    request: IncomingMessage,
    client: Client,
    { id, rest }: ToService,
    requestId: string,
  ): Passed<Client> => {
    const { url = '/', headers } = request;
    const prefix = url.slice(0, url.length - rest.length);
    const visited = visiting?.origins.idOf(headers) ?? null;
    const startedAt = parts.clock.elapsed();
    return { request, client, requestId, startedAt, id, rest, prefix, visited };
  };
  const answer = (
    request: IncomingMessage,
    client: NodeCall,
    response: ServerResponse,
    destination: ServiceDestination,
    requestId: string,
  ): Promise<void> => {
    switch (destination.kind) {
      case 'service':
        return passHttp(parts, running, passed(request, client, destination, requestId), response);
      case 'visits':
        return sendLink(parts, { request, client, id: destination.id, requestId });
      default: {
        const startedAt = parts.clock.elapsed();
        const question = { request, client, destination, requestId, startedAt };
        return answerQuestion(parts, running, templates, question);
      }
    }
  };
  return {
    request: (request, response, destination, requestId) => {
      const client = new NodeCall(request, response);
      tellForwarded(request, isTrusted);
      mark(request, requestId);
      const work = answer(request, client, response, destination, requestId);
      tellFailure(parts, work, request, client, { requestId, ...whatOf(request, destination.id) });
    },
    upgrade: (request, call, destination, requestId) => {
      tellForwarded(request, isTrusted);
      mark(request, requestId);
      const work = passSession(parts, running, passed(request, call, destination, requestId));
      tellFailure(parts, work, request, call, { requestId, ...whatOf(request, destination.id) });
    },
    isVisit: ({ headers, socket }) => {
      const { host } = headers;
      const told = isTrusted(socket.remoteAddress) ? headers : { host };
      return visiting !== null && visiting.origins.idOf(told) !== null;
    },
    get underWay() {
      return running.underWay;
    },
    settle: ({ serving }) => {
      running.settle(serving);
      templates.prune(serving);
    },
    shutDown: running.shutDown,
  };
}

/** Tells what went wrong. */
function tellFailure(
  parts: ServiceParts,
  work: Promise<void>,
  request: IncomingMessage,
  client: ClientCall,
  what: { readonly requestId: string },
): void {
  work.catch((thrown: unknown) => {
    const error = toAppError(thrown, refusals.internal);
    if (client.headersSent) client.cutOff();
    else if (!client.closed) tellError(parts, request, client, what.requestId, error);
    const told = { status: errorTable[error.code].status, ...failureFields(error) };
    const reason = error.message;
    parts.logger[errorTable[error.code].log](
      { ...what, ...told, reason },
      'service request refused',
    );
  });
}
