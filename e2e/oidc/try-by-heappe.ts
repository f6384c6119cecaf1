import { expect } from '@jest/globals';
import OpenAI from 'openai';
import type { Wakefield } from '../wakefield.ts';

const model = 'acme/by-heappe';

/**
 * A centre that has nothing but HEAppE: `hana`, a manager of its project `demo`, makes it ready and registers a model;
 * `hugo`, a member, asks it.
 */
export async function tryByHeappe(
  wakefield: Wakefield,
  tokenOf: (user: string) => Promise<string>,
): Promise<void> {
  const as = async (user: string, method: string, path: string, body?: unknown) =>
    await wakefield.call(method, path, body, { authorization: `Bearer ${await tokenOf(user)}` });

  const activated = await as('hana', 'POST', '/p', { project: 'demo', cluster: 'heappe-dev' });
  expect([200, 201]).toContain(activated.status);
  const other = await as('hana', 'POST', '/p', { project: 'eu-00-00', cluster: 'heappe-dev' });
  expect(other.status).toBe(404);
  const spec = {
    ...{ hf_model_id: model, gpu_count: 1, engine: 'simulator', clusters: ['heappe-dev'] },
    engine_args: { load_seconds: 1 },
  };
  expect((await as('hugo', 'PUT', '/p/demo/models', spec)).status).toBe(403);
  expect((await as('hana', 'PUT', '/p/demo/models', spec)).status).toBe(201);

  const client = new OpenAI({
    baseURL: `${wakefield.url}/p/demo/openai/v1`,
    apiKey: await tokenOf('hugo'),
    maxRetries: 0,
  });
  const asked = {
    ...{ model, max_tokens: 4 },
    messages: [{ role: 'user' as const, content: 'Say hello.' }],
  };
  const answer = await client.chat.completions.create(asked);
  expect(answer.choices[0]?.message.content).toBeTruthy();
  let words = '';
  for await (const piece of await client.chat.completions.create({ ...asked, stream: true }))
    words += piece.choices[0]?.delta.content ?? '';
  expect(words).toBe(answer.choices[0]?.message.content);

  const { body } = await as('hugo', 'GET', `/p/demo/models/${model}`);
  // Its answers may be so fresh that it still counts as busy.
  const state = expect.stringMatching(/^(ready|busy)$/);
  expect(body.jobs).toMatchObject([{ cluster: 'heappe-dev', state }]);
  // Whoever is in another project hears that there is none.
  expect((await as('theo', 'GET', '/p/demo')).status).toBe(404);
}
