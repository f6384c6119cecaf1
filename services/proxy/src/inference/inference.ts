import type { Identifier } from '@wakefield/auth';
import { type AppError, can } from '@wakefield/domain';
import { sendError, sendJson } from '../server/answer.ts';
import type { InferenceCall } from './call.ts';
import { Exchange } from './exchange.ts';
import { modelCard, modelList } from './model-cards.ts';
import type { InferenceParts } from './parts.ts';
import { ExchangeRecord } from './record.ts';
import { refusals } from './refusals.ts';

/** The OpenAI-compatible side of the proxy. */
export interface Inference {
  /** An inference call; answers in its own time. */
  handle(call: InferenceCall): void;
  /** The models of a project, or one of them. */
  models(
    call: Pick<InferenceCall, 'request' | 'response' | 'requestId' | 'project'>,
    id: string | null,
  ): Promise<void>;
  /** Called every stall time: cuts off clients that take nothing of their answers. */
  checkStalls(): void;
  /** Requests that are not over. */
  readonly active: number;
  /** Ends what is not over. */
  shutDown(): void;
}

export function createInference(parts: InferenceParts, identifier: Identifier): Inference {
  const exchanges = new Set<Exchange>();
  const forget = (exchange: Exchange): void => {
    exchanges.delete(exchange);
  };
  const begin = (call: InferenceCall, refusal: AppError | null): void => {
    if (refusal !== null) {
      const { response, requestId } = call;
      sendError(response, requestId, refusal);
      const sent = { status: response.statusCode, firstByteAt: null };
      new ExchangeRecord(parts, call).finish('refused', sent, refusal);
      return;
    }
    if (call.response.closed) {
      // It left while the store was looked at; nothing would ever tell an exchange so.
      const nothing = { status: 0, firstByteAt: null };
      new ExchangeRecord(parts, call).finish('client_left', nothing);
      return;
    }
    const exchange = new Exchange(parts, call, forget);
    exchanges.add(exchange);
    exchange.begin();
  };
  return {
    handle: (call) => {
      const decide = () =>
        admit(parts, identifier, call.request.headers.authorization, call.project, 'infer');
      const refusal = decide();
      if (mayPass(refusal)) {
        void parts.catchUp().then(() => begin(call, decide()));
      } else begin(call, refusal);
    },
    models: async ({ request, response, requestId, project }, id) => {
      const decide = () => admit(parts, identifier, request.headers.authorization, project, 'read');
      const known = () => id === null || (parts.routes()?.find(project, id) ?? null) !== null;
      let refusal = decide();
      if (mayPass(refusal) || (refusal === null && !known())) {
        await parts.catchUp();
        refusal = decide();
      }
      const routes = parts.routes();
      if (refusal !== null || routes === null) {
        sendError(response, requestId, refusal ?? refusals.starting());
        return;
      }
      if (id === null) {
        sendJson(response, requestId, 200, modelList(routes.list(project)));
        return;
      }
      const route = routes.find(project, id);
      if (route === null) sendError(response, requestId, refusals.modelNotFound(project, id));
      else sendJson(response, requestId, 200, modelCard(route));
    },
    checkStalls: () => {
      for (const exchange of [...exchanges]) exchange.reply.checkStall();
    },
    get active() {
      return exchanges.size;
    },
    shutDown: () => {
      for (const exchange of [...exchanges]) exchange.shutDown();
    },
  };
}

/** One more look at the store may change it: a new project, or the first table of a proxy that was just started. */
function mayPass(refusal: AppError | null): boolean {
  return refusal?.code === 'project_not_found' || refusal?.code === 'store_unavailable';
}

/** Decides on the head alone, before a body is read. Who may not know of a project is not told whether it is there. */
function admit(
  parts: InferenceParts,
  identifier: Identifier,
  authorization: string | undefined,
  project: string,
  permission: 'infer' | 'read',
): AppError | null {
  const principal = identifier.identify(authorization);
  if (principal === null) return refusals.notAuthorized(authorization);
  if (!can(principal, permission, project)) return refusals.forbidden(project);
  const routes = parts.routes();
  if (routes === null) return refusals.starting();
  return routes.hasProject(project) ? null : refusals.projectNotFound(project);
}
