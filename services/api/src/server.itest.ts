import { once } from 'node:events';
import { Agent, get, type IncomingMessage, type RequestListener } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it, jest } from '@jest/globals';
import { listen } from './server.ts';

// A loaded machine may be slow; a test that hangs is told by it all the same.
jest.setTimeout(30_000);

async function ask(url: string, agent: Agent): Promise<IncomingMessage> {
  const [response] = (await once(get(url, { agent }), 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  return response;
}

describe('closing the server', () => {
  it('finishes what is under way and does not wait for connections that rest', async () => {
    const started = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    const app: RequestListener = (req, res) => {
      if (req.url === '/slow') {
        started.resolve();
        void finish.promise.then(() => res.end('done'));
        return;
      }
      res.end('ok');
    };
    const server = await listen(app, { host: '127.0.0.1', port: 0 });
    const agent = new Agent({ keepAlive: true });
    try {
      expect((await ask(`${server.url}/`, agent)).statusCode).toBe(200);
      const slow = ask(`${server.url}/slow`, agent);
      await started.promise;
      const startedAt = performance.now();
      const closed = server.close();
      finish.resolve();
      expect((await slow).statusCode).toBe(200);
      await closed;
      expect(performance.now() - startedAt).toBeLessThan(2_000);
      await expect(ask(`${server.url}/`, agent)).rejects.toThrow();
    } finally {
      agent.destroy();
    }
  });

  it('does not wait for connections on which nothing came', async () => {
    const server = await listen((_req, res) => res.end('ok'), { host: '127.0.0.1', port: 0 });
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    await once(socket, 'connect');
    // The server has it by now, too: it came before this one.
    await ask(`${server.url}/`, new Agent());
    const gone = once(socket, 'close');
    await server.close();
    await gone;
  });
});
