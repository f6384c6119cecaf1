import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Transport } from '@wakefield/control';
import { type Simulator, startSimulator } from '@wakefield/simulator';
import { type Dispatcher, Pool } from 'undici';
import { addressOfTask } from '../src/heappe/bridge/address.ts';
import { createBridgeTransport } from '../src/heappe/bridge/bridge-transport.ts';
import { HeappeDouble } from './heappe-double.ts';

export { until } from '@wakefield/testkit';

const key = 'k'.repeat(43);
export const authorization = `Bearer ${key}`;
export const taskId = 7;
export const versions = ['5.0.0', '6.0.0', '6.1.0', '6.2.0', '6.2.2', '6.3.2'];
/** Those with HttpPostToJobNodeStream. */
export const streaming = versions.slice(2);

export const question = {
  model: 'acme/small',
  messages: [{ role: 'user', content: 'Grüß dich' }],
  max_tokens: 8,
  ignore_eos: true,
};

type Answerer = (request: IncomingMessage, response: ServerResponse) => void;

/** An engine behind a HEAppE of our making, and a client that knows of neither. */
export class BridgeScene {
  readonly heappe = new HeappeDouble();
  readonly transport: Transport;
  readonly engine: Simulator;
  /** Milliseconds of the bridge's clock. */
  now = 0;
  readonly pauses = [1, 2];
  #pool: Pool;
  readonly #servers: Server[] = [];

  constructor(engine: Simulator) {
    this.engine = engine;
    this.transport = createBridgeTransport(this.heappe, {
      ownsClient: true,
      elapsed: () => this.now,
      pauses: this.pauses,
    });
    this.#pool = this.#poolTo(engine.port);
  }

  get = (path: string, headers: Record<string, string> = { authorization }) =>
    this.#pool.request({ path, method: 'GET', headers });

  post = (path: string, body: unknown, more: Partial<Dispatcher.RequestOptions> = {}) =>
    this.#pool.request({
      path,
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json; charset=utf-8' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
      ...more,
    });

  chat = (more: object = {}) => this.post('/v1/chat/completions', { ...question, ...more });

  /** Lets another server be the engine. */
  async engineIs(answer: Answerer): Promise<void> {
    const server = createServer((request, response) => {
      request.resume().on('end', () => answer(request, response));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.#servers.push(server);
    await this.#pool.destroy();
    this.#pool = this.#poolTo((server.address() as AddressInfo).port);
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
    await this.transport.close();
    await this.engine.close();
    for (const server of this.#servers) {
      server.closeAllConnections();
      server.close();
    }
  }

  #poolTo(port: number): Pool {
    const address = addressOfTask({ taskId, node: 'acn12', port });
    return new Pool(`http://${address.host}:${address.port}`, {
      connect: (_options, callback) => {
        this.transport.connect(address, AbortSignal.timeout(5000)).then(
          (socket) => callback(null, socket as Socket),
          (error: Error) => callback(error, null),
        );
      },
    });
  }
}

export async function openScene(): Promise<BridgeScene> {
  const models = ['acme/small', 'job-7'];
  return new BridgeScene(await startSimulator({ models, key, tokensPerSecond: 2000 }));
}
