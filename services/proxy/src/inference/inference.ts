import { toAppError } from '@wakefield/contracts';
import { type AppError, decideAccess, type OperationName, type Principal } from '@wakefield/domain';
import { sendError, sendJson } from '../server/answer.ts';
import type { Operation } from '../server/classify.ts';
import type { InferenceCall } from './call.ts';
import type { CallerOf } from './caller.ts';
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

export function createInference(parts: InferenceParts, callerOf: CallerOf): Inference {
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
  const admit = (call: InferenceCall, principal: Principal | null): void => {
    const { request, project } = call;
    const refusal = checkAccess(principal, operationNames[call.operation], request, project);
    if (refusal !== null) begin(call, refusal);
    else if (checkProject(parts, project) === null) begin(call, null);
    else void parts.catchUp().then(() => begin(call, checkProject(parts, project)));
  };
  const mayRead = async (
    request: InferenceCall['request'],
    project: string,
  ): Promise<AppError | null> => {
    try {
      return checkAccess(await callerOf(request), 'listOpenAIModels', request, project);
    } catch (error) {
      return toAppError(error, refusals.internal);
    }
  };
  return {
    handle: (call) => {
      const found = callerOf(call.request);
      // Who was seen before is known at once: only the first request of a token waits.
      if (!(found instanceof Promise)) admit(call, found);
      else {
        found.then(
          (principal) => admit(call, principal),
          (error: unknown) => begin(call, toAppError(error, refusals.internal)),
        );
      }
    },
    models: async ({ request, response, requestId, project }, id) => {
      const known = () => id === null || (parts.routes()?.find(project, id) ?? null) !== null;
      let refusal = await mayRead(request, project);
      if (refusal === null) {
        refusal = checkProject(parts, project);
        if (refusal !== null || !known()) {
          await parts.catchUp();
          refusal = checkProject(parts, project);
        }
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

const operationNames: Readonly<Record<Operation, OperationName>> = {
  'chat/completions': 'createChatCompletion',
  completions: 'createCompletion',
  embeddings: 'createEmbedding',
};

/** Decides on the head alone, before a body is read. Who may not know of a project is not told whether it is there. */
function checkAccess(
  principal: Principal | null,
  operation: OperationName,
  request: InferenceCall['request'],
  project: string,
): AppError | null {
  switch (decideAccess(principal, operation, project)) {
    case 'granted':
      return null;
    case 'unknown':
      return refusals.notAuthorized(request.headers.authorization);
    case 'hidden':
      return refusals.projectNotFound(project);
    case 'forbidden':
      return refusals.forbidden(project);
  }
}

/**
 * One more look at the store may change it: a new project, or the first table of a proxy that was just started.
 */
function checkProject(parts: InferenceParts, project: string): AppError | null {
  const routes = parts.routes();
  if (routes === null) return refusals.starting();
  return routes.hasProject(project) ? null : refusals.projectNotFound(project);
}
