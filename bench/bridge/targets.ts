import type { Socket } from 'node:net';
import { Agent, type Dispatcher, request } from 'undici';
import { type ClusterConfig, createClusterTransports } from '../../packages/cluster/src/index.ts';
import type { Transport } from '../../packages/control/src/index.ts';
import type { Address } from '../../packages/domain/src/index.ts';
import { heappeEngineKey } from '../../packages/testkit/src/index.ts';

/** What the child with the HEAppE says of itself. */
export interface Site {
  readonly config: Extract<ClusterConfig, { kind: 'heappe' }>;
  readonly address: Address;
  readonly model: string;
}

/** One way to the same engine. */
export interface Target {
  readonly name: string;
  chat(body: object): Promise<Dispatcher.ResponseData>;
  close(): Promise<void>;
}

const headers = {
  authorization: `Bearer ${heappeEngineKey}`,
  'content-type': 'application/json',
} as const;
const path = '/v1/chat/completions';

/** Straight TCP to the engine; the call of HEAppE that the bridge makes, by itself; the bridge. */
export async function openTargets(site: Site): Promise<readonly Target[]> {
  return [direct(site), await bareCall(site), bridge(site)];
}

function direct({ address, model }: Site): Target {
  const dispatcher = new Agent();
  const url = `http://127.0.0.1:${address.port}${path}`;
  return {
    name: 'direct',
    chat: (body) =>
      request(url, {
        dispatcher,
        method: 'POST',
        headers,
        body: JSON.stringify({ model, ...body }),
      }),
    close: () => dispatcher.destroy(),
  };
}

/** What HEAppE itself costs is no cost of the bridge: the least that a client of it can do. */
async function bareCall({ config, address, model }: Site): Promise<Target> {
  const dispatcher = new Agent();
  const base = `${config.url}/heappe`;
  const post = (action: string, body: object) =>
    request(`${base}/${action}`, {
      dispatcher,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const credentials = { Username: 'manager', Password: 'manager-password' };
  const signedIn = await post('UserAndLimitationManagement/AuthenticateUserPassword', {
    Credentials: credentials,
  });
  const SessionCode = await signedIn.body.json();
  const [node = '', task = ''] = address.host.split('.task-');
  const to = { SubmittedTaskInfoId: Number(task), SessionCode };
  const opened = await post('DataTransfer/RequestDataTransfer', {
    ...to,
    IpAddress: node,
    Port: address.port,
  });
  await opened.body.dump();
  return {
    name: 'HEAppE',
    chat: (body) =>
      post('DataTransfer/HttpPostToJobNodeStream', {
        ...to,
        NodeIPAddress: node,
        NodePort: address.port,
        HttpRequest: path,
        HttpHeaders: Object.entries(headers).map(([Name, Value]) => ({ Name, Value })),
        HttpPayload: JSON.stringify({ model, ...body }),
      }),
    close: () => dispatcher.destroy(),
  };
}

function bridge({ config, address, model }: Site): Target {
  const transport = createClusterTransports([config]).get(config.name);
  if (transport === undefined) throw new Error('no transport');
  const dispatcher = agentOver(transport, address);
  return {
    name: 'bridge',
    chat: (body) =>
      request(`http://${address.host}:${address.port}${path}`, {
        dispatcher,
        method: 'POST',
        headers,
        body: JSON.stringify({ model, ...body }),
      }),
    async close() {
      await dispatcher.destroy();
      await transport.close();
    },
  };
}

function agentOver(transport: Transport, address: Address): Agent {
  return new Agent({
    connect: (_options, callback) => {
      transport.connect(address, AbortSignal.timeout(10_000)).then(
        (socket) => callback(null, socket as Socket),
        (error: Error) => callback(error, null),
      );
    },
  });
}
