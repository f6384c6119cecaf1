import type { IncomingMessage } from 'node:http';
import { sendJson } from '../server/answer.ts';
import type { ServiceDestination } from '../server/classify.ts';
import type { NodeCall } from '../server/node-call.ts';
import { serviceOf } from './admit.ts';
import { checkReady } from './find-service.ts';
import type { ServiceParts } from './parts.ts';
import { modelsOf, promptService, readPrompt, type TemplateBook } from './prompts.ts';
import type { Running } from './running.ts';

/** A question to the engine of a service, which is asked on behalf of its caller. */
export interface Question {
  readonly request: IncomingMessage;
  readonly client: NodeCall;
  readonly destination: Extract<ServiceDestination, { kind: 'service_models' | 'service_prompt' }>;
  readonly requestId: string;
}

/** @throws AppError */
export async function answerQuestion(
  parts: ServiceParts,
  running: Running,
  templates: TemplateBook,
  { request, client, destination: { kind, id }, requestId }: Question,
): Promise<void> {
  const ready = checkReady(await serviceOf(parts, request, client, id));
  const body = kind === 'service_prompt' ? await readPrompt(parts, client, ready) : null;
  if (client.closed) return;
  const gone = new AbortController();
  const over = running.begin(ready.serviceId, ready.endpoint.jobId, () => client.cutOff());
  client.onceClosed(() => {
    over();
    gone.abort();
  });
  const asking = { ready, headers: traceOf(request), signal: gone.signal };
  const said =
    body === null
      ? { id, models: await modelsOf(parts, asking) }
      : await promptService(parts, templates, id, asking, body);
  if (!('contentType' in said)) {
    sendJson(client, requestId, 200, said);
    return;
  }
  client.writeHead(said.status, [
    ...['content-type', said.contentType, 'content-length', String(said.body.length)],
    ...['x-request-id', requestId],
  ]);
  client.end(said.body);
}

function traceOf({ headers }: IncomingMessage): Readonly<Record<string, string>> {
  const { 'x-request-id': id = '', traceparent = '' } = headers;
  return { 'x-request-id': String(id), traceparent: String(traceparent) };
}
