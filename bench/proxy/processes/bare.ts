import { Agent, createServer, request as httpRequest, type RequestListener } from 'node:http';
import { type Dispatcher, Pool } from 'undici';

/**
 * What the proxy is compared with: the shortest proxies that can be written. No key, no route, no count, no log.
 * - `node:http` a server, `http.request` and two pipes
 * - `undici` the same server, and undici's raw dispatch as the proxy uses it
 * @returns the port
 */
export function startBareProxy(kind: string, enginePort: number): Promise<number> {
  const listener = kind === 'undici' ? overUndici(enginePort) : overHttp(enginePort);
  const server = createServer({ noDelay: true, keepAliveTimeout: 65_000 }, listener);
  return new Promise((resolve) => {
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}

function overHttp(port: number): RequestListener {
  const agent = new Agent({ keepAlive: true });
  return (incoming, outgoing) => {
    const { method, url: path, headers } = incoming;
    const onward = httpRequest({ agent, port, host: '127.0.0.1', method, path, headers });
    onward.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => outgoing.writableFinished || onward.destroy());
    incoming.pipe(onward);
  };
}

function overUndici(port: number): RequestListener {
  const pool = new Pool(`http://127.0.0.1:${port}`, {
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  return (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { authorization = '' } = incoming.headers;
      const headers = ['content-type', 'application/json', 'authorization', authorization];
      const path = incoming.url ?? '/';
      const [only] = chunks;
      const body = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
      pool.dispatch({ method: 'POST', path, headers, body }, handlerOf(outgoing));
    });
  };
}

function handlerOf(outgoing: Parameters<RequestListener>[1]): Dispatcher.DispatchHandler {
  return {
    onRequestStart: (controller) => {
      outgoing.on('close', () => {
        if (!outgoing.writableFinished) controller.abort(new Error('the client is gone'));
      });
    },
    onResponseStart: (_controller, status, headers) => {
      delete headers['transfer-encoding'];
      outgoing.writeHead(status, headers);
    },
    onResponseData: (controller, chunk) => {
      if (outgoing.write(chunk)) return;
      controller.pause();
      outgoing.once('drain', () => controller.resume());
    },
    onResponseEnd: () => void outgoing.end(),
    onResponseError: () => void outgoing.destroy(),
  };
}
