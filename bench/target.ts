import { Agent, createServer, request as httpRequest, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Dispatcher, Pool } from 'undici';
import { createLogger, createMetrics } from '../packages/runtime/src/index.ts';
import { createProxy } from '../services/proxy/src/proxy.ts';

/** One proxy to be measured, in a process of its own: `target.ts <kind> <upstream port>`. */
const [kind = '', portText = ''] = process.argv.slice(2);
const upstreamPort = Number(portText);

process.on('message', () => {
  process.send?.({ cpu: process.cpuUsage(), rss: process.memoryUsage().rss });
});
const port = kind === 'wakefield' ? await startWakefield() : await startBare();
process.send?.({ port });

async function startBare(): Promise<number> {
  const server = createServer({ noDelay: true }, kind === 'undici' ? overUndici() : overHttp());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** The shortest proxy that node:http allows. */
function overHttp(): RequestListener {
  const agent = new Agent({ keepAlive: true });
  return (incoming, outgoing) => {
    const onward = httpRequest({
      agent,
      port: upstreamPort,
      host: '127.0.0.1',
      method: 'POST',
      path: '/v1/chat/completions',
      headers: incoming.headers,
    });
    onward.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(onward);
  };
}

/** node:http in front, undici's raw dispatch behind: no key, no model, no retry, no counting. */
function overUndici(): RequestListener {
  const pool = new Pool(`http://127.0.0.1:${upstreamPort}`, { pipelining: 1 });
  return (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const handler: Dispatcher.DispatchHandler = {
        onRequestStart: () => undefined,
        onResponseStart: (_controller, status, headers) => {
          delete headers.connection;
          delete headers['keep-alive'];
          delete headers['transfer-encoding'];
          outgoing.writeHead(status, headers);
        },
        onResponseData: (_controller, chunk) => void outgoing.write(chunk),
        onResponseEnd: () => void outgoing.end(),
        onResponseError: () => void outgoing.destroy(),
      };
      const { 'x-bench': bench } = incoming.headers;
      pool.dispatch(
        {
          method: 'POST',
          path: '/v1/chat/completions',
          headers: ['content-type', 'application/json', 'x-bench', String(bench)],
          body: Buffer.concat(chunks),
        },
        handler,
      );
    });
  };
}

/** The proxy as it is, log line per request included, with its ports in memory. */
async function startWakefield(): Promise<number> {
  const endpoint = {
    jobId: 'job-1',
    cluster: 'local',
    address: { host: '127.0.0.1', port: upstreamPort },
    engineKey: 'engine-key',
    capacity: null,
  };
  const route = {
    modelId: 'm-1',
    project: 'demo',
    hfModelId: 'org/model',
    engine: 'vllm',
    state: 'ready' as const,
    idle: false,
    reason: null,
    createdAt: 0,
    endpoints: [endpoint],
  };
  const { createStaticKeyIdentifier } = await import('../packages/auth/src/index.ts');
  const proxy = createProxy(
    {
      routes: {
        revision: async () => 1,
        load: async () => ({ revision: 1, projects: ['demo'], routes: [route] }),
      },
      bus: { subscribe: async () => async () => undefined },
      board: { publish: async () => undefined, withdraw: async () => undefined },
      waker: { wake: async () => undefined },
      identifier: createStaticKeyIdentifier('bench-key'),
      transportOf: () => null,
    },
    {
      proxyId: 'bench',
      apiUrl: 'http://127.0.0.1:9',
      version: '0',
      apiVersion: '0',
      inference: {
        body: { maxBytes: 32 * 1024 * 1024, timeoutMs: 60_000 },
        holdMs: 1000,
        earlyHeadersMs: 1000,
        commentMs: 5000,
        stallMs: 60_000,
      },
      held: { perModel: 256, perProcess: 4096 },
      door: { headersTimeoutMs: 20_000, requestTimeoutMs: 110_000, keepAliveTimeoutMs: 65_000 },
      wake: { resendMs: [3000], afterFailureMs: 1000 },
      sweepMs: 5000,
      demandMs: 1000,
      tickMs: 250,
      drainMs: 100,
    },
    createLogger({ service: 'proxy', level: process.env.LOG_LEVEL ?? 'info' }),
    createMetrics({ service: 'proxy' }),
  );
  const found = await proxy.listen('127.0.0.1', 0);
  await proxy.start();
  return found;
}
