import { describe, expect, it, jest } from '@jest/globals';
import { type BareEngine, startBareEngine } from '../test/bare-engine.ts';
import { chat, endpoint, until } from '../test/harness.ts';
import { rawClient, rawRequest } from '../test/raw.ts';
import { useScene } from '../test/scene.ts';
import { memorySize } from './body-memory.ts';

const mebibyte = 1024 * 1024;
const roomy = { bodyRoomBytes: 256 * mebibyte };
const largeToo = { body: { maxBytes: 64 * mebibyte, timeoutMs: 20_000 } };
const scene = useScene();
const bodyOf = (letter: string, bytes: number, model = 'a/b', stream = false) =>
  JSON.stringify({ model, messages: [{ role: 'user', content: letter.repeat(bytes) }], stream });
/** Of the engine that hears everything. */
const received = (): string[] => scene.engine.seen.map(({ body }) => body);

describe('the memory of a body', () => {
  it('is used again by the next one, whether it came in one piece or in many', async () => {
    await scene.restart(roomy, largeToo);
    for (const bytes of [20_000, 100_000, mebibyte]) {
      await chat(scene.proxy.url, bodyOf('a', bytes));
      const made = jest.spyOn(Buffer, 'allocUnsafeSlow');
      const bodies = ['b', 'c', 'd'].map((letter) => bodyOf(letter, bytes));
      for (const body of bodies) expect((await chat(scene.proxy.url, body)).status).toBe(200);
      const size = memorySize(bodies[0]?.length ?? 0);
      expect(made.mock.calls.filter(([asked]) => asked === size)).toEqual([]);
      made.mockRestore();
      expect(received().slice(-3)).toEqual(bodies);
    }
  });

  it('is used again where a copy was sent that asks for usage', async () => {
    await scene.restart(roomy, largeToo);
    const ask = (letter: string) =>
      chat(scene.proxy.url, bodyOf(letter, 100_000, 'a/b', true)).then((answer) => answer.text());
    await ask('a');
    const made = jest.spyOn(Buffer, 'allocUnsafeSlow');
    for (const letter of ['b', 'c', 'd']) await ask(letter);
    expect(made.mock.calls.filter(([asked]) => asked === memorySize(100_000))).toEqual([]);
    made.mockRestore();
    expect(received().at(-1)).toContain('"include_usage":true');
    expect(received().at(-1)).toContain('d'.repeat(100_000));
  });

  // More than the buffers of both ends of a connection take, and less than is kept.
  const large = 6 * mebibyte;

  async function deafEngine(): Promise<BareEngine> {
    const deaf = await startBareEngine('127.0.0.1', true);
    const endpoints = [endpoint(deaf.address.port)];
    scene.proxy.route('deaf/one', { state: 'ready', idle: false, endpoints });
    return deaf;
  }

  it('is nobody else’s while an engine that answers early has yet to read it', async () => {
    await scene.restart(roomy, largeToo);
    const deaf = await deafEngine();
    const own = bodyOf('a', large, 'deaf/one');
    const client = await rawClient(scene.proxy.port);
    client.send(rawRequest(own));
    await until('a connection', () => deaf.lines[0] !== undefined);
    deaf.lines[0]?.say(
      'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n',
    );
    await until('the first event', () => client.text().includes('data: 1'));
    for (const letter of ['b', 'c'])
      expect((await chat(scene.proxy.url, bodyOf(letter, large + 3))).status).toBe(200);
    deaf.lines[0]?.socket.resume();
    const heard = () => deaf.lines[0]?.heard() ?? '';
    await until('all of it', () => heard().endsWith(own.slice(-4)), 15_000);
    expect(heard().slice(-own.length) === own).toBe(true);
    client.socket.destroy();
    await deaf.close();
  });

  it('is that of each request, whoever else asks, leaves or is asked at the same time', async () => {
    await scene.restart(roomy, largeToo);
    const deaf = await deafEngine();
    const sizes = [5_000, 60_000, 70_000, 130_000, 300_000, mebibyte];
    const asked = new Set<string>();
    const person = async (letter: string) => {
      for (const [index, bytes] of [...sizes, ...sizes].entries()) {
        const body = bodyOf(letter, bytes + index);
        asked.add(body);
        expect((await chat(scene.proxy.url, body)).status).toBe(200);
        const leaver = await rawClient(scene.proxy.port);
        leaver.send(rawRequest(bodyOf('z', bytes, index % 2 === 0 ? 'deaf/one' : 'a/b')));
        leaver.socket.destroySoon();
      }
    };
    await Promise.all([...'abcdefgh'].map(person));
    const others = received().filter((body) => !body.includes('zzz'));
    expect(others.every((body) => asked.has(body))).toBe(true);
    expect(new Set(others).size).toBe(asked.size);
    await deaf.close();
  });
});
