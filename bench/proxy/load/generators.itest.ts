import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { plainAsking } from '../candidates/asking.ts';
import { coresHere } from '../cores.ts';
import { compileNative } from '../native/compile.ts';
import { answers, expectedOf, requestBytes, type Shape } from '../wire.ts';
import type { Asked, LagResult, LoadOrder, RunResult } from './orders.ts';
import { startTools, type Tools } from './tools.ts';

const tried = await mkdtemp(join(tmpdir(), 'wakefield-compiler-'));
/** Where there is a compiler both kinds have to find the same. */
const kinds = await compileNative(tried).then(
  () => ['C', 'Node'] as const,
  () => ['Node'] as const,
);
await rm(tried, { recursive: true });

describe.each(kinds)('engine and load generator in %s', (kind) => {
  let folder: string;
  let tools: Tools;
  let server: Server | null = null;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wakefield-load-'));
    tools = await startTools(folder, coresHere(), kind);
  }, 60_000);
  afterAll(async () => {
    await tools.stop();
    await rm(folder, { recursive: true });
  });
  afterEach(() => {
    server?.close();
    server = null;
  });

  async function asked(shape: Shape, port = tools.engine.port, count = 1): Promise<Asked> {
    const file = `${shape}-${count}`;
    const all = Array.from({ length: count }, () => requestBytes(shape, 400, plainAsking));
    await writeFile(join(folder, file), Buffer.concat(all));
    return { port, file, ...expectedOf(shape) };
  }
  const closed = async (shape: Shape, port?: number) =>
    tools.load.run<RunResult>({
      ...(await asked(shape, port)),
      ...{ kind: 'closed', connections: 2, requests: 5 },
    });
  /** A server that answers each request with these bytes, or does something else. */
  async function answering(answer: string | ((socket: Socket) => void)): Promise<number> {
    const listening = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', () => {
        if (typeof answer === 'string') socket.write(answer);
        else answer(socket);
      });
    });
    server = listening;
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
    return (listening.address() as AddressInfo).port;
  }

  it.each(['json', 'stream-1-0', 'stream-64-0', 'stream-3-5', 'bytes-300000'] as const)(
    'bring %s and know it to be right',
    async (shape) => {
      const before = await tools.answered();
      expect(await closed(shape)).toMatchObject({ requests: 5, reconnects: 0 });
      expect((await tools.answered()) - before).toBe(5);
    },
  );

  const length = (body: string, more = ''): string =>
    `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n${more}\r\n${body}`;
  const chunked = (...parts: readonly string[]): string =>
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${parts.join('')}`;
  const part = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
  const { json } = answers;

  it.each([
    ['another status', 'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n', '503'],
    ['a body that is too short', length('{}'), 'an answer of 2 bytes'],
    ['a body that is too long', length(`${json} }`), 'an answer of'],
    ['another end', length(`${json.slice(0, -1)}]`), 'ends otherwise'],
    ['other words of the same length', length(json.replace('xx', 'xy')), 'of other words'],
    ['bytes behind it', `${length(json)}x`, 'bytes'],
    ['no length', `HTTP/1.1 200 OK\r\n\r\n${json}`, 'without length'],
    ['a chunk without size', chunked('zz\r\n'), 'without size'],
    ['a chunk that is longer than it says', chunked(`2\r\n${json}`), 'longer than it says'],
    ['chunks that are too few', chunked(part('{'), part('}'), '0\r\n\r\n'), 'an answer of 2 bytes'],
  ])('do not take %s for an answer', async (_what, answer, problem) => {
    await expect(closed('json', await answering(answer))).rejects.toThrow(problem);
  });

  it('take chunks for a body', async () => {
    const answer = chunked(part(json.slice(0, 3)), part(json.slice(3)), '0\r\nx: y\r\n\r\n');
    expect(await closed('json', await answering(answer))).toMatchObject({ requests: 5 });
  });

  it('do not take a broken connection for an answer', async () => {
    const cut = await answering((socket) => socket.end(length(json).slice(0, -1)));
    await expect(closed('json', cut)).rejects.toThrow(/closed|reset/i);
  });

  it('ask again, on a new connection, where one that was kept is closed under a request', async () => {
    const seen = new WeakSet<Socket>();
    const port = await answering((socket) => {
      if (seen.has(socket)) socket.destroy();
      else socket.write(length(json));
      seen.add(socket);
    });
    const { requests, reconnects } = await closed('json', port);
    expect({ requests: requests >= 5, reconnects: reconnects > 0 }).toEqual({
      requests: true,
      reconnects: true,
    });
  });

  it('connect anew behind an answer that says so', async () => {
    let connections = 0;
    const port = await answering((socket) => socket.end(length(json, 'Connection: close\r\n')));
    server?.on('connection', () => {
      connections += 1;
    });
    expect(await closed('json', port)).toMatchObject({ requests: 5, reconnects: 0 });
    expect(connections).toBe(5);
  });

  it('send every request of a file in turn, or any of them', async () => {
    const models = Array.from({ length: 20 }, (_, n) => `model-${n}`);
    const all = models.map((model) => requestBytes('json', 400, { ...plainAsking, model }));
    await writeFile(join(folder, 'models'), Buffer.concat(all));
    let seen: string[] = [];
    const port = await answering((socket) => socket.write(length(json)));
    server?.on('connection', (socket: Socket) => {
      socket.on('data', (bytes: Buffer) => {
        seen.push(/model-\d+/.exec(bytes.toString('latin1'))?.[0] ?? '');
      });
    });
    const order = {
      port,
      file: 'models',
      ...expectedOf('json'),
      kind: 'closed',
      connections: 1,
    } as const;
    await tools.load.run({ ...order, requests: 20 });
    expect(seen).toEqual(models);
    seen = [];
    await tools.load.run({ ...order, ms: 100 });
    expect(new Set(seen).size).toBeGreaterThan(2);
    expect(seen.slice(0, 20)).not.toEqual(models);
  });

  it('send at a rate, and count from when a request was due', async () => {
    const open = { ...(await asked('json')), kind: 'open', perSecond: 50, ms: 200 } as const;
    const { requests, seconds } = await tools.load.run<RunResult>(open);
    expect(requests).toBe(10);
    expect(seconds).toBeGreaterThan(0.17);
    let held = true;
    const slow = await answering((socket) => {
      // The first waits; while it does, others come and are answered.
      setTimeout(() => socket.write(length(json)), held ? 150 : 0);
      held = false;
    });
    const { max, p50 } = await tools.load.run<RunResult>({ ...open, port: slow });
    expect(max).toBeGreaterThan(140_000);
    expect(p50).toBeLessThan(140_000);
  });

  it('open many connections at once', async () => {
    const order: LoadOrder = { ...(await asked('json')), kind: 'storm', connections: 100 };
    const { requests, p50, max } = await tools.load.run<RunResult>(order);
    expect(requests).toBe(100);
    expect(p50).toBeLessThanOrEqual(max);
  });

  it('hold streams and measure how late their events are', async () => {
    const order = {
      ...(await asked('stream-100000-20')),
      kind: 'hold',
      connections: 20,
      spreadMs: 20,
    } as const;
    expect(await tools.load.run(order)).toEqual({ open: 20 });
    const lag = await tools.load.run<LagResult>({ kind: 'lag', ms: 400 });
    // 20 streams with 50 events a second: 400; much less only where the machine is busy.
    expect(lag.chunks).toBeGreaterThan(100);
    expect(lag.chunks).toBeLessThan(600);
    expect(lag.p50).toBeGreaterThanOrEqual(0);
    expect(lag.p50).toBeLessThan(200_000);
    await tools.load.run({ kind: 'release' });
  });

  it('notice that a stream which they hold has ended', async () => {
    const order = {
      ...(await asked('stream-3-20')),
      kind: 'hold',
      connections: 2,
      spreadMs: 0,
    } as const;
    await tools.load.run(order);
    await expect(
      tools.load.run({ kind: 'lag', ms: 300 }).then(() => tools.load.run({ kind: 'lag', ms: 1 })),
    ).rejects.toThrow('a stream has ended');
  });

  it('read slowly, and send garbage, until they are released', async () => {
    const [slow, garbage] = tools.others;
    await slow?.run({
      ...(await asked('bytes-4000000')),
      kind: 'slow',
      connections: 3,
      perSecond: 10_000,
    });
    let came = '';
    const port = await answering((socket) => socket.end());
    server?.on('connection', (socket: Socket) => {
      socket.on('data', (bytes: Buffer) => {
        came += bytes.toString('latin1');
      });
    });
    await garbage?.run({ kind: 'garbage', perSecond: 50, port });
    const deadline = performance.now() + 10_000;
    while (!/TLS[\s\S]*no colon/.test(came) && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect(came).toMatch(/TLS[\s\S]*no colon/);
    expect(await slow?.run({ kind: 'release' })).toEqual({});
    expect(await garbage?.run({ kind: 'release' })).toEqual({});
  }, 30_000);
});

describe.each(kinds)('the engine in %s', (kind) => {
  let folder: string;
  let tools: Tools;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wakefield-engine-'));
    tools = await startTools(folder, coresHere(), kind);
  }, 60_000);
  afterAll(async () => {
    await tools.stop();
    await rm(folder, { recursive: true });
  });

  const ask = async (more: object, shape: Shape = 'stream-2-0'): Promise<string> => {
    const messages = [{ role: 'user', content: `shape=${shape} ${'y'.repeat(9000)}` }];
    const answer = await fetch(`http://127.0.0.1:${tools.engine.port}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ messages, ...more }),
    });
    return await answer.text();
  };

  it('tells the usage of a stream to who wants it, wherever that stands in the body', async () => {
    expect(await ask({})).not.toContain('usage');
    expect(await ask({ stream_options: { include_usage: false } })).not.toContain('usage');
    expect(await ask({ stream_options: { include_usage: true } })).toContain(answers.usage);
    const first = `{"stream_options": {"include_usage" : true}, "messages": [{"content": "shape=stream-1-0"}]}`;
    const answer = await fetch(`http://127.0.0.1:${tools.engine.port}/v1`, {
      method: 'POST',
      body: first,
    });
    expect(await answer.text()).toContain(answers.usage);
  });

  it('writes the time into events', async () => {
    const before = process.hrtime.bigint() / 1000n;
    const stamps = [...(await ask({})).matchAll(/t=(\d{16})/g)].map(([, digits]) =>
      BigInt(digits ?? ''),
    );
    const after = process.hrtime.bigint() / 1000n;
    expect(stamps).toHaveLength(2);
    for (const stamp of stamps) {
      expect(stamp).toBeGreaterThanOrEqual(before);
      expect(stamp).toBeLessThanOrEqual(after);
    }
  });

  it('has a model, and is well', async () => {
    const get = async (path: string): Promise<unknown> =>
      (await fetch(`http://127.0.0.1:${tools.engine.port}${path}`)).json();
    expect(await get('/v1/models')).toMatchObject({ data: [{ id: 'org/model' }] });
    expect(await get('/health')).toEqual({});
  });
});
