import type { IncomingMessage } from 'node:http';
import { serviceQuery } from '@wakefield/contracts';
import type { DurationMs } from '@wakefield/domain';
import { askedTimeoutMs } from '../inference/headers.ts';
import { refusals } from '../inference/refusals.ts';
import { sendJson } from '../server/answer.ts';
import type { ServiceDestination } from '../server/classify.ts';
import type { NodeCall } from '../server/node-call.ts';
import { serviceOf } from './admit.ts';
import { checkReady, tellOthers } from './find-service.ts';
import { KeptBytes } from './kept-bytes.ts';
import type { ServiceParts } from './parts.ts';
import { modelsOf, promptService, readPrompt, type TemplateBook } from './prompts.ts';
import type { Running } from './running.ts';
import { enter, noTokens } from './service-record.ts';

/** A question to the engine of a service, which is asked on behalf of its caller. */
export interface Question {
  readonly request: IncomingMessage;
  readonly client: NodeCall;
  readonly destination: Extract<ServiceDestination, { kind: 'service_models' | 'service_prompt' }>;
  readonly requestId: string;
  /** When its head was there, by the clock that never goes back. */
  readonly startedAt: DurationMs;
}

/** Browsers take what an engine says for nothing else than it is. */
const asItIs = { 'x-content-type-options': 'nosniff' };

/** @throws AppError */
export async function answerQuestion(
  parts: ServiceParts,
  running: Running,
  templates: TemplateBook,
  { request, client, destination: { kind, id }, requestId, startedAt }: Question,
): Promise<void> {
  const totalMs = totalOf(parts, client);
  const found = await serviceOf(parts, request, client, id, serviceQuery);
  const { who, service } = found;
  const ready = checkReady(service);
  const kept = new KeptBytes(parts.bodies.shareOf(ready.project));
  const gone = new AbortController();
  const late = Number.isFinite(totalMs)
    ? setTimeout(() => gone.abort(refusals.tookTooLong(totalMs)), totalMs)
    : undefined;
  try {
    const body = kind === 'service_prompt' ? await readPrompt(parts, client, kept) : null;
    if (client.closed) return;
    const record = enter(parts, running, {
      ...{ ready, who, client, request, requestId, startedAt, leave: null },
      operation: body === null ? 'service/models' : 'service/prompt',
      prompt: body === null ? null : { bytes: kept.size, maxTokens: body.max_tokens ?? null },
    });
    client.onceClosed(() => gone.abort());
    const asking = { ready, headers: traceOf(request), signal: gone.signal, kept };
    try {
      const { status, value, tokens } =
        body === null
          ? { status: 200, value: { id, models: await modelsOf(parts, asking) }, tokens: noTokens }
          : await promptService(parts, templates, id, asking, body);
      record.tokens = tokens;
      record.answered();
      const headers = { ...asItIs, ...record.rateHeaders, ...tellOthers(found) };
      sendJson(client, requestId, status, value, headers);
    } catch (error) {
      record.failed(error);
      throw error;
    }
  } finally {
    clearTimeout(late);
    kept.giveAll();
  }
}

/** How long all of it may take. @throws AppError where what its caller says is no length of time */
function totalOf({ limits }: ServiceParts, client: NodeCall): DurationMs {
  const asked = askedTimeoutMs(client.header('x-request-timeout'));
  if (Number.isNaN(asked)) throw refusals.badTimeout();
  return Math.min(limits.times.totalMs, asked ?? Number.POSITIVE_INFINITY);
}

function traceOf({ headers }: IncomingMessage): Readonly<Record<string, string>> {
  const { 'x-request-id': id = '', traceparent = '' } = headers;
  return { 'x-request-id': String(id), traceparent: String(traceparent) };
}
