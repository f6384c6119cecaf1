import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadConfig } from '@wakefield/runtime';
import { configSchema } from '../src/config.ts';
import { createWebhook } from '../src/webhook/webhook.ts';

/** What came in, once its signature was found right. */
export interface Delivery {
  readonly id: string;
  readonly timestamp: number;
  readonly method: string;
  readonly path: string;
  readonly body: {
    readonly type: string;
    readonly timestamp: string;
    readonly data: Readonly<Record<string, unknown>>;
  };
}

/** A receiver of webhooks that checks what it gets as the specification tells receivers to. */
export interface HookServer {
  readonly url: string;
  readonly secret: string;
  /** In the order in which they came, refused ones too. */
  readonly deliveries: readonly Delivery[];
  /** Answers instead of 204. */
  answer: ((delivery: Delivery, response: ServerResponse) => void) | null;
  /** Those whose signature was wrong. */
  readonly forged: readonly string[];
  close(): Promise<void>;
}

export async function hookServer(): Promise<HookServer> {
  const key = Buffer.alloc(32, 'k');
  const deliveries: Delivery[] = [];
  const forged: string[] = [];
  const server = createServer(async (request, response) => {
    const delivery = await readDelivery(request, key).catch((error: Error) => error);
    if (delivery instanceof Error) {
      forged.push(delivery.message);
      response.writeHead(401).end();
      return;
    }
    deliveries.push(delivery);
    if (self.answer === null) response.writeHead(204).end();
    else self.answer(delivery, response);
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const self: HookServer = {
    url: `http://127.0.0.1:${port}/hooks/services?for=us`,
    secret: `whsec_${key.toString('base64')}`,
    deliveries,
    forged,
    answer: null,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return self;
}

/** The webhook as the configuration of a scheduler makes it. */
export function webhookTo(
  { url, secret }: Pick<HookServer, 'url' | 'secret'>,
  now: () => number,
  timeoutMs?: number,
) {
  const { webhook } = loadConfig(configSchema, {
    DATABASE_URL: 'postgres://app@127.0.0.1/app',
    REDIS_URL: 'redis://127.0.0.1',
    WAKEFIELD_CLUSTERS: '/x',
    SERVICE_WEBHOOK_URL: url,
    SERVICE_WEBHOOK_SECRET: secret,
  });
  if (webhook === null) throw new Error('there is none');
  return createWebhook(webhook, now, timeoutMs);
}

/** @throws where it is not signed */
async function readDelivery(request: IncomingMessage, key: Buffer): Promise<Delivery> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const header = (name: string) => String(request.headers[`webhook-${name}`]);
  const [id, timestamp, signature] = [header('id'), header('timestamp'), header('signature')];
  const mac = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
  const given = Buffer.from(/^v1,(.*)$/.exec(signature)?.[1] ?? '', 'base64');
  if (given.length !== mac.length || !timingSafeEqual(given, mac))
    throw new Error(`not signed: ${id}`);
  if (request.headers['content-type'] !== 'application/json') throw new Error('not JSON');
  return {
    ...{ id, timestamp: Number(timestamp), method: request.method ?? '', path: request.url ?? '' },
    body: JSON.parse(body.toString()),
  };
}
