import { randomUUID } from 'node:crypto';
import { type RequestRecord, type Target, wordsOf } from './ask.ts';

/** How a model is looked at through the management API; never rejects. */
export function look(target: Target, model: string): Promise<RequestRecord> {
  return manage(target, 'look', model, `/p/demo/models/${model}`, { method: 'GET' });
}

/**
 * Somebody who registers a model once and again, as careful people do: what was refused, or is in doubt, is said
 * again under the same key. Each try is a record; none rejects.
 */
export function registrar(
  target: Target,
  body: { readonly hf_model_id: string },
): () => Promise<RequestRecord> {
  let key = randomUUID();
  return async () => {
    const record = await manage(target, 'change', body.hf_model_id, '/p/demo/models', {
      method: 'PUT',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(body),
    });
    if (record.whole) key = randomUUID();
    return record;
  };
}

async function manage(
  { url, key }: Target,
  way: 'look' | 'change',
  model: string,
  path: string,
  { headers = {}, ...init }: { method: string; headers?: Record<string, string>; body?: string },
): Promise<RequestRecord> {
  const id = randomUUID();
  const dueAt = Date.now();
  let status = 0;
  const error = await fetch(`${url}${path}`, {
    ...init,
    headers: { authorization: `Bearer ${key}`, 'x-request-id': id, ...headers },
  })
    .then(async (response) => {
      status = response.status;
      const body = (await response.json()) as { readonly error?: { readonly code?: string } };
      return response.ok ? null : `${body.error?.code}`;
    })
    .catch(wordsOf);
  const endedAt = Date.now();
  const answeredAt = status === 0 ? null : endedAt;
  const whole = error === null;
  return { id, way, model, dueAt, answeredAt, endedAt, status, tokens: 0, whole, error };
}
