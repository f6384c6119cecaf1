import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { ensureFirstModel } from './first-model.ts';

type Reply = readonly [status: number, body: object, location?: string];

let server: Server;
afterEach(() => {
  server.close();
});

/** Answers each call by what is told of it, in turn; the last of it again and again. Calls nobody told of are 500. */
async function api(replies: Readonly<Record<string, readonly Reply[]>>) {
  const calls: string[] = [];
  server = createServer((request, response) => {
    const call = `${request.method} ${request.url}`;
    const before = calls.filter((other) => other === call).length;
    calls.push(call);
    const known = replies[call] ?? [];
    const [status, body, location] = known[Math.min(before, known.length - 1)] ?? [500, {}];
    response.writeHead(status, location === undefined ? {} : { location });
    response.end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { calls, of: { url: `http://127.0.0.1:${port}`, key: 'k' } };
}

const model = 'GET /p/demo/models/wakefield%2Fsimulator';
const missing: Reply = [404, { error: { message: 'no such model' } }];
const made: Reply = [201, {}];

describe('the first model', () => {
  test('is registered once its project is active, however long that takes', async () => {
    const { calls, of } = await api({
      'POST /p': [[202, {}, '/p/demo/commands/1']],
      'GET /p/demo/commands/1': [
        [200, { status: 'accepted' }],
        [200, { status: 'accepted' }],
        [200, { status: 'applied' }],
      ],
      [model]: [missing],
      'PUT /p/demo/models': [made],
    });
    await ensureFirstModel(of, 'local', ['local']);
    expect(calls.slice(-3)).toEqual(['GET /p/demo/commands/1', model, 'PUT /p/demo/models']);
  });

  test('that is there stays as it is', async () => {
    const { calls, of } = await api({ 'POST /p': [made], [model]: [[200, { cluster: 'local' }]] });
    await ensureFirstModel(of, 'local', ['local']);
    expect(calls).toEqual(['POST /p', model]);
  });

  test.each<[string, Readonly<Record<string, readonly Reply[]>>, RegExp]>([
    [
      'rejected',
      {
        'POST /p': [[202, {}, '/c']],
        'GET /c': [[200, { status: 'rejected', error: { message: 'no account' } }]],
      },
      /POST \/p was rejected.*no account/,
    ],
    [
      'refused',
      { 'POST /p': [made], [model]: [missing], 'PUT /p/demo/models': [missing] },
      /PUT \/p\/demo\/models answered 404/,
    ],
  ])('a change that is %s is told', async (_how, replies, words) => {
    const { of } = await api(replies);
    await expect(ensureFirstModel(of, 'local', ['local'])).rejects.toThrow(words);
  });
});
