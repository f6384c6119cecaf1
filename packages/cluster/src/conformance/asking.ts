import { request } from 'node:http';
import { expect, test } from '@jest/globals';
import type { Address } from '@wakefield/domain';
import { exchange } from '../probe/exchange.ts';
import type { Scene } from './scene.ts';
import { listenAndTell, quote, until } from './scene.ts';

/** Says what it was sent, or streams until its client leaves, of which it leaves a note. */
const server = `
const server = require('node:http').createServer((request, response) => {
  if (request.url === '/v1/chat/completions') {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const timer = setInterval(() => response.write('data: {}\\n\\n'), 20);
    response.once('close', () => {
      clearInterval(timer);
      require('node:fs').writeFileSync('left', 'yes');
    });
    return;
  }
  response.setHeader('content-type', 'application/json');
  if (request.method === 'GET') response.end(JSON.stringify(request.headers.authorization ?? null));
  else request.pipe(response);
});
${listenAndTell}`;

/**
 * What requests to engines need, whether a transport carries bytes or makes requests of them.
 * @param streams answers come as they are made
 */
export function askingTests(scene: () => Scene, streams: boolean): void {
  async function startServer() {
    const { driver, signal, newName, job, sightUntil } = scene();
    const name = newName();
    await driver.submit(job(name, [`exec ${quote(process.execPath)} -e ${quote(server)}`]), signal);
    const { address } = await sightUntil(name, (sighting) => sighting.address !== null);
    if (address === null) throw new Error('no address');
    return { name, address };
  }
  const ask = (address: Address, what: Partial<Parameters<typeof exchange>[2]>) =>
    exchange(
      scene().driver.transport,
      address,
      { method: 'GET', path: '/', headers: {}, ...what },
      AbortSignal.timeout(20_000),
    );

  test('carries requests and answers unchanged, at length, and many at once', async () => {
    const { address } = await startServer();
    expect(await ask(address, { headers: { authorization: 'Bearer k3y' } })).toEqual({
      status: 200,
      text: '"Bearer k3y"',
    });
    expect(await ask(address, {})).toEqual({ status: 200, text: 'null' });
    const piece = 'wakefield \u00e4 "\\\n\u2028 ';
    // Some take it as JSON inside of JSON.
    const longest = scene().given.longestRequest ?? 5_000_000;
    const body = { text: piece.repeat(longest / (2 * piece.length)) };
    const { status, text } = await ask(address, { method: 'POST', body });
    expect(status).toBe(200);
    expect(text === JSON.stringify(body)).toBe(true);
    const answers = Array.from({ length: 30 }, async (_, index) => {
      const answer = await ask(address, { method: 'POST', body: { index } });
      return answer.text === JSON.stringify({ index });
    });
    expect((await Promise.all(answers)).every(Boolean)).toBe(true);
  });

  (streams ? test : test.skip)('who leaves a stream ends it in the job', async () => {
    const { driver, file, signal } = scene();
    const { name, address } = await startServer();
    const socket = await driver.transport.connect(address, signal);
    await new Promise<void>((resolve, reject) => {
      const outgoing = request({
        createConnection: () => socket,
        method: 'POST',
        path: '/v1/chat/completions',
        headers: { host: 'job', 'content-type': 'application/json' },
      });
      outgoing.once('error', reject);
      outgoing.once('response', (incoming) => incoming.once('data', () => resolve()));
      outgoing.end('{"stream":true}');
    });
    expect(await file(name, 'left')).toBeNull();
    socket.destroy();
    expect(await until('the job to notice', async () => (await file(name, 'left')) || null)).toBe(
      'yes',
    );
  });

  (streams ? test.skip : test)(
    'an answer without an end is given up, in the job, too',
    async () => {
      const { file } = scene();
      const { name, address } = await startServer();
      const body = { stream: true };
      const { status } = await ask(address, { method: 'POST', path: '/v1/chat/completions', body });
      expect(status).toBe(504);
      expect(await until('the job to notice', async () => (await file(name, 'left')) || null)).toBe(
        'yes',
      );
    },
  );

  test('says that nobody answers', async () => {
    const { driver, signal } = scene();
    const { name, address } = await startServer();
    await driver.cancel([{ name, clusterJobId: null }], signal);
    await until('the job to be over', () =>
      ask(address, {}).then(
        () => null,
        () => true,
      ),
    );
  });
}
