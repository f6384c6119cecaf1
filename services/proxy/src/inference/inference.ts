import { toAppError } from '@wakefield/contracts';
import type { AppError, DurationMs, OperationName, Principal } from '@wakefield/domain';
import { Roster } from '../roster.ts';
import { sendError } from '../server/answer.ts';
import type { Operation } from '../server/classify.ts';
import { checkAccess, checkHead, checkProject } from './admission.ts';
import type { InferenceCall } from './call.ts';
import type { CallerOf } from './caller.ts';
import { Exchange } from './exchange.ts';
import { createModelsAnswer, type ModelsAnswer } from './models-answer.ts';
import type { InferenceParts } from './parts.ts';
import { ExchangeRecord } from './record.ts';
import { refusals } from './refusals.ts';

/** The OpenAI-compatible side of the proxy. */
export interface Inference {
  /** An inference call; answers in its own time. */
  handle(call: InferenceCall): void;
  readonly models: ModelsAnswer;
  /** Called every stall time: cuts off clients that take nothing of their answers. */
  checkStalls(): void;
  /** Called a few times a second: ends requests that have taken longer than they may. */
  checkTimes(at: DurationMs): void;
  /** Requests that are not over. */
  readonly active: number;
  /** Ends what is not over. */
  shutDown(): void;
}

export function createInference(parts: InferenceParts, callerOf: CallerOf): Inference {
  const exchanges = new Roster<Exchange>();
  const forget = (exchange: Exchange): void => {
    exchanges.delete(exchange);
  };
  const begin = (call: InferenceCall, caller: string | null, refusal: AppError | null): void => {
    if (refusal !== null) {
      const { client, requestId } = call;
      sendError(client, requestId, refusal);
      const sent = { status: client.status, firstByteAt: null };
      new ExchangeRecord(parts, call, caller).finish('refused', sent, refusal);
      return;
    }
    if (call.client.closed) {
      // It left while the store was looked at; nothing would ever tell an exchange so.
      const nothing = { status: 0, firstByteAt: null };
      new ExchangeRecord(parts, call, caller).finish('client_left', nothing);
      return;
    }
    const exchange = new Exchange(parts, call, caller, forget);
    exchanges.add(exchange);
    exchange.begin();
  };
  const admit = (call: InferenceCall, principal: Principal | null): void => {
    const { client, project } = call;
    const caller = principal?.id ?? null;
    const refusal =
      checkAccess(principal, operationNames[call.operation], client, project) ?? checkHead(client);
    if (refusal !== null) begin(call, caller, refusal);
    else if (checkProject(parts, project) === null) begin(call, caller, null);
    else
      void parts
        .catchUp()
        .then((isCurrent) => begin(call, caller, checkProject(parts, project, isCurrent)));
  };
  return {
    handle: (call) => {
      const found = callerOf(call.client);
      // Who was seen before is known at once: only the first request of a token waits.
      if (!(found instanceof Promise)) admit(call, found);
      else {
        found.then(
          (principal) => admit(call, principal),
          (error: unknown) => begin(call, null, toAppError(error, refusals.internal)),
        );
      }
    },
    models: createModelsAnswer(parts, callerOf),
    checkStalls: () => {
      exchanges.each(({ reply }) => reply.checkStall());
    },
    checkTimes: (at) => {
      exchanges.each((exchange) => exchange.checkTime(at));
    },
    get active() {
      return exchanges.size;
    },
    shutDown: () => {
      exchanges.each((exchange) => exchange.shutDown());
    },
  };
}

const operationNames: Readonly<Record<Operation, OperationName>> = {
  'chat/completions': 'createChatCompletion',
  completions: 'createCompletion',
  embeddings: 'createEmbedding',
  realtime: 'openRealtimeSession',
};
