import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Dispatcher } from 'undici';
import {
  authorization,
  type BridgeScene,
  openScene,
  question,
  taskId,
} from '../../../test/bridge-scene.ts';
import { problem } from '../../../test/heappe-double.ts';
import { HeappeError } from '../failures.ts';
import { addressOfTask } from './address.ts';

const ownFailure = problem('Problem occured!', 500, 'Problem');

let scene: BridgeScene;
beforeEach(async () => {
  scene = await openScene();
});
afterEach(() => scene.close());

describe('a transport by way of HEAppE', () => {
  test('without a tunnel there is no connection', async () => {
    scene.heappe.failures.push(problem("TaskId '7' is not a currently running task."));
    await expect(scene.chat()).rejects.toMatchObject({ name: 'ClusterError', kind: 'unreachable' });
    expect((await scene.chat()).statusCode).toBe(200);
  });

  test('an address without a task is nobody', async () => {
    const signal = AbortSignal.timeout(1000);
    await expect(scene.transport.connect({ host: 'acn12', port: 1 }, signal)).rejects.toMatchObject(
      {
        kind: 'unreachable',
      },
    );
  });

  test('who does not wait for a tunnel leaves it to the next', async () => {
    let open = () => {};
    scene.heappe.tunnelGate = new Promise((resolve) => {
      open = resolve;
    });
    const address = addressOfTask({ taskId, node: 'acn12', port: scene.engine.port });
    await expect(scene.transport.connect(address, AbortSignal.timeout(50))).rejects.toMatchObject({
      kind: 'unreachable',
    });
    open();
    expect((await scene.chat()).statusCode).toBe(200);
    expect(scene.heappe.count('requestTunnel')).toBe(1);
  });

  test('a tunnel of the task to another port makes way', async () => {
    scene.heappe.tunnels.set(7, {
      SubmittedTaskId: 7,
      Port: 4099,
      NodeIPAddress: 'acn11',
      NodePort: 1,
    });
    expect((await scene.chat()).statusCode).toBe(200);
    expect(scene.heappe.tunnels.get(7)).toMatchObject({
      NodeIPAddress: 'acn12',
      NodePort: scene.engine.port,
    });
  });

  test('after HEAppE was silent the tunnel is asked for again', async () => {
    await (await scene.chat()).body.dump();
    scene.heappe.failures.push(new HeappeError('unreachable', 'ECONNREFUSED'));
    await expect(scene.chat()).rejects.toMatchObject({ code: 'WAY_LOST' });
    scene.heappe.failures.push(new HeappeError('unreachable', 'ECONNREFUSED'));
    await expect(scene.chat()).rejects.toMatchObject({ name: 'ClusterError', kind: 'unreachable' });
    expect((await scene.chat()).statusCode).toBe(200);
  });

  test('that HEAppE is gone is known before a connection, whichever call finds it out', async () => {
    await (await scene.chat()).body.dump();
    const { features } = scene.heappe;
    scene.heappe.features = async () => {
      scene.heappe.failures.push(new HeappeError('unreachable', 'ECONNREFUSED'));
      throw new HeappeError('unreachable', 'ECONNREFUSED');
    };
    await expect(scene.chat()).rejects.toMatchObject({ code: 'WAY_LOST' });
    await expect(scene.chat()).rejects.toMatchObject({ kind: 'unreachable' });
    scene.heappe.features = features;
    expect((await scene.chat()).statusCode).toBe(200);
  });

  test('a path that would change where a request goes is refused', async () => {
    const socket = await scene.transport.connect(
      addressOfTask({ taskId, node: 'acn12', port: scene.engine.port }),
      AbortSignal.timeout(1000),
    );
    socket.write('GET http://elsewhere/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    let text = '';
    for await (const piece of socket) text += String(piece);
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(scene.heappe.requests).toEqual([]);
  });

  test('a session that is over inside of a stream is a new session', async () => {
    const { postStream } = scene.heappe.transfers;
    scene.heappe.transfers.postStream = async (...args) => {
      scene.heappe.script =
        scene.heappe.count('signOut') === 0 ? ['data: Error: Expired\n\n'] : null;
      return await postStream(...args);
    };
    expect((await scene.chat()).statusCode).toBe(200);
    expect(scene.heappe.count('signOut')).toBe(1);
  });

  test.each<[string, Error, number]>([
    ['no right', problem('MissingRole:Submitter', 401, 'Unauthorized Access'), 502],
    ['a broken rule', problem('HttpHeader must be set', 404, 'Validation Problem'), 502],
  ])('%s', async (_name, failure, status) => {
    await (await scene.chat()).body.dump();
    scene.heappe.failures.push(failure);
    const answer = await scene.chat();
    expect(answer.statusCode).toBe(status);
    expect(await answer.body.json()).toMatchObject({ error: { type: 'server_error' } });
  });

  test('a HEAppE that wants fewer requests gets them later', async () => {
    await (await scene.chat()).body.dump();
    scene.heappe.failures.push(problem('', 429, ''), problem('', 429, ''));
    expect((await scene.chat()).statusCode).toBe(200);
    expect(scene.heappe.count('postStream')).toBe(4);
  });

  test('a HEAppE that fails for a moment is asked again', async () => {
    await (await scene.chat()).body.dump();
    scene.heappe.failures.push(ownFailure, ownFailure);
    expect((await scene.chat()).statusCode).toBe(200);
    expect(scene.heappe.count('postStream')).toBe(4);
  });

  test.each([
    ['wants fewer requests', problem('', 429, ''), 503, '5'],
    ['fails in a way of its own', ownFailure, 502, undefined],
  ])('a HEAppE that %s for long is an answer', async (_name, failure, status, retryAfter) => {
    await (await scene.chat()).body.dump();
    const tries = scene.pauses.length + 1;
    scene.heappe.failures.push(...Array(tries).fill(failure));
    const answer = await scene.chat();
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['retry-after']).toBe(retryAfter);
    await answer.body.dump();
    expect(scene.heappe.count('postStream')).toBe(1 + tries);
  });

  test('an answer that a gateway does not wait for is not asked for again', async () => {
    await (await scene.chat()).body.dump();
    scene.heappe.failures.push(problem('', 504, ''));
    const answer = await scene.chat();
    expect(answer.statusCode).toBe(504);
    expect(answer.headers['x-should-retry']).toBe('false');
    expect(await answer.body.json()).toMatchObject({
      error: { message: expect.stringMatching(/between Wakefield and HEAppE/) },
    });
    await (await scene.chat()).body.dump();
    expect(scene.heappe.count('requestTunnel')).toBe(1);
  });

  test('what an engine refuses only as a stream is asked for without, where a stream was our wish', async () => {
    scene.heappe.version = '6.1.0';
    await (await scene.chat()).body.dump();
    scene.heappe.script = ['data: Error: ResponseNotOk\n\n'];
    const answer = await scene.chat({ prompt_logprobs: 1 });
    expect(answer.statusCode).toBe(200);
    expect(await answer.body.json()).toMatchObject({ object: 'chat.completion' });
    expect((await scene.chat({ stream: true })).statusCode).toBe(400);
  });

  test('an embedding that takes longer than 10 s is asked for over the stream', async () => {
    await (await scene.chat()).body.dump();
    const { post: plain } = scene.heappe.transfers;
    scene.heappe.transfers.post = async (...args) => {
      await plain(...args);
      scene.now += 10_000;
      throw problem("''");
    };
    const answer = await scene.post('/v1/embeddings', { model: 'acme/small', input: 'a' });
    expect(answer.statusCode).toBe(200);
    expect(await answer.body.json()).toMatchObject({ object: 'list' });
  });

  test('a GET that takes longer than 10 s is a timeout', async () => {
    await (await scene.chat()).body.dump();
    scene.heappe.transfers.get = async () => {
      scene.now += 10_000;
      throw problem("''");
    };
    expect((await scene.get('/metrics')).statusCode).toBe(504);
  });

  test('a GET whose headers HEAppE lost while it mended the tunnel is asked once more', async () => {
    scene.heappe.version = '6.1.0';
    await (await scene.chat()).body.dump();
    const lost = 'Response code for Http request is not 200. Check your application.';
    scene.heappe.failures.push(problem(lost));
    expect((await scene.get('/v1/models')).statusCode).toBe(200);
  });

  test('JSON longer than what is collected comes through', async () => {
    const long = JSON.stringify({ data: 'ä'.repeat(2 << 20) });
    await scene.engineIs((_, response) => response.end(long));
    const answer = await scene.chat();
    expect(answer.headers['content-type']).toBe('application/json');
    expect(await answer.body.text()).toBe(long);
  });

  test('the key travels in one header, and nothing travels that HEAppE refuses', async () => {
    await scene.post('/v1/chat/completions', question, {
      headers: {
        authorization,
        'content-type': 'application/json',
        'x-long': 'x'.repeat(101),
        'x-request-id': 'r-1',
      },
    });
    expect(scene.heappe.requests.at(-1)?.headers).toEqual([
      { Name: 'authorization', Value: authorization },
      { Name: 'x-request-id', Value: 'r-1' },
      { Name: 'Content-Type', Value: 'application/json' },
    ]);
    const long = await scene.get('/v1/models', { authorization: `Bearer ${'k'.repeat(200)}` });
    expect(long.statusCode).toBe(502);
  });

  test.each<[string, Partial<Dispatcher.RequestOptions>, number]>([
    ['PUT', { method: 'PUT' }, 405],
    ['a packed body', { headers: { 'content-encoding': 'gzip' } }, 415],
    ['bytes', { body: Buffer.from([0xff, 0xfe, 0x00]) }, 415],
  ])('%s is not carried', async (_name, more, status) => {
    expect((await scene.post('/v1/chat/completions', '{}', more)).statusCode).toBe(status);
    expect(scene.heappe.requests).toEqual([]);
  });

  test('closing it closes its connections and its client', async () => {
    const { body } = await scene.chat({ stream: true, max_tokens: 2000 });
    const reading = body.text();
    const failed = expect(reading).rejects.toThrow();
    await scene.transport.close();
    await failed;
    expect(scene.heappe.count('close')).toBe(1);
  });
});
