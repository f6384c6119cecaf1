import { describe, expect, it } from '@jest/globals';
import { countAnswers, readAnswer } from '../../../test/answers.ts';
import { chunk, done, role, type Script, sseHeaders } from '../../../test/engine.ts';
import { auth, until } from '../../../test/harness.ts';
import { type RawClient, rawHead, rawRequest, useRawClients } from '../../../test/raw.ts';
import { useScene } from '../../../test/scene.ts';

const scene = useScene();
const plain = '{"model":"a/b"}';
const streamed = '{"model":"a/b","stream":true}';
const openAt = useRawClients();
const open = () => openAt(scene.proxy.port);

const yielded = () => scene.proxy.metric('wakefield_front_yields_total');
const answered = (client: RawClient, count: number) =>
  until(`${count} answers`, () => countAnswers(client.text()) === count);
/** A stream that begins and ends when it is told to. */
function slowStream(): { finish: () => void; script: Script } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const script: Script = (response) => {
    response.writeHead(200, sseHeaders);
    response.write(role + chunk({ content: 'one' }));
    void promise.then(() => response.end(done));
  };
  return { finish: resolve, script };
}
/** Everything that was sent so far has arrived at the proxy, and was read. */
const arrived = async () => {
  for (let turn = 0; turn < 3; turn += 1) await fetch(`${scene.proxy.url}/health`);
};

describe('an answer that is said in the turn in which', () => {
  it('its client says that it will say no more, is still sent', async () => {
    const client = await open();
    client.send('GET /health HTTP/1.1\r\nhost: x\r\n\r\n');
    client.socket.end();
    expect(await client.closed()).toContain('"status":"OK"');
  });

  it('its engine dies, is sent as far as it came', async () => {
    scene.engine.answer((response) => {
      response.writeHead(200, sseHeaders);
      response.write(role);
      response.write(chunk({ content: 'the last words' }));
      setImmediate(() => response.destroy());
    });
    const client = await open();
    client.send(rawRequest(streamed));
    expect(await client.closed()).toContain('the last words');
  });
});

describe('a connection', () => {
  it('is kept by the front from request to request', async () => {
    const client = await open();
    for (let count = 1; count <= 20; count += 1) {
      client.send(rawRequest(plain));
      await answered(client, count);
    }
    client.send('GET /health HTTP/1.1\r\nhost: x\r\n\r\n');
    await answered(client, 21);
    expect(await yielded()).toBe(0);
  });

  it('is for node:http from the first request on that is not plain', async () => {
    const client = await open();
    client.send(rawRequest(plain));
    await answered(client, 1);
    client.send(rawRequest(plain, 'x:  two blanks\r\n'));
    await answered(client, 2);
    client.send(rawRequest(plain));
    await answered(client, 3);
    expect(await yielded()).toBe(1);
    expect(scene.engine.seen).toHaveLength(3);
  });
});

describe('a request behind one that is not answered', () => {
  it('waits for its turn', async () => {
    const { finish, script } = slowStream();
    scene.engine.answer(script);
    const client = await open();
    client.send(rawRequest(streamed));
    await until('begun', () => client.text().includes('one'));
    client.send(rawRequest(plain).slice(0, 50));
    await arrived();
    client.send(rawRequest(plain).slice(50));
    await arrived();
    expect(scene.engine.seen).toHaveLength(1);
    scene.engine.answer((response) => void response.end('{"second":true}'));
    finish();
    await answered(client, 2);
    const first = readAnswer(client.text());
    expect(first?.body.endsWith(done)).toBe(true);
    expect(first?.rest).toContain('{"second":true}');
    expect(await yielded()).toBe(0);
  });

  it('goes to node:http in its turn when it is not plain', async () => {
    const { finish, script } = slowStream();
    scene.engine.answer(script);
    const client = await open();
    client.send(rawRequest(streamed));
    await until('begun', () => client.text().includes('one'));
    client.send(rawRequest(plain, 'te: trailers\r\n') + rawRequest(plain));
    await arrived();
    expect(scene.engine.seen).toHaveLength(1);
    scene.engine.answer((response) => void response.end('{}'));
    finish();
    await answered(client, 3);
    expect(await yielded()).toBe(1);
  });

  it('is not looked at behind the last of its connection', async () => {
    const { finish, script } = slowStream();
    scene.engine.answer(script);
    const client = await open();
    client.send(rawRequest(streamed, 'connection: close\r\n'));
    await until('begun', () => client.text().includes('one'));
    client.send(rawRequest(plain));
    await arrived();
    finish();
    expect(countAnswers(await client.closed())).toBe(1);
    expect(scene.engine.seen).toHaveLength(1);
  });

  it('does not hide that its client goes away', async () => {
    scene.engine.answer(slowStream().script);
    const client = await open();
    client.send(rawRequest(streamed));
    await until('begun', () => client.text().includes('one'));
    client.send(rawRequest(plain));
    await arrived();
    client.socket.destroy();
    await until('engine let go', () => scene.engine.seen[0]?.aborted === true);
    expect(scene.engine.seen).toHaveLength(1);
  });
});

describe('a client that says no more', () => {
  it.each([
    ['while it waits', rawRequest('{"model":"a/b"}')],
    ['in the middle of a body', rawHead('content-length: 100\r\n') + plain],
    ['in the middle of a head', 'POST /p/demo/openai/v1/cha'],
    ['at all', ''],
  ])('leaves %s', async (_, text) => {
    scene.engine.answer(() => undefined);
    const client = await open();
    client.send(text);
    await arrived();
    client.socket.end();
    await client.closed();
    await until('let go', async () => {
      const running = await scene.proxy.metric('wakefield_requests_in_flight');
      return running + (await scene.proxy.metric('wakefield_body_bytes')) === 0;
    });
    await until('engine let go', () => scene.engine.seen.every(({ aborted }) => aborted));
  });
});

describe('with the front switched off', () => {
  it('all is read by node:http', async () => {
    await scene.restart({ fastPath: false });
    const answer = await fetch(`${scene.proxy.url}/p/demo/openai/v1/models`, { headers: auth });
    expect(answer.status).toBe(200);
    const client = await open();
    client.send('GARBAGE\r\n\r\n');
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 400 /);
    expect(await yielded()).toBe(0);
  });
});
