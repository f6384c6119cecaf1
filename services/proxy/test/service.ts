import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Identifier } from '@wakefield/auth';
import type { Role, ServiceRoute } from '@wakefield/domain';

/** The key of the job behind each of these services. */
export const serviceKey = 'key-of-the-job';

/** A service of project `demo` that answers on this port, as a notebook would; null: it does not answer. */
export function serviceRoute(
  port: number | null,
  change: Partial<ServiceRoute> = {},
): ServiceRoute {
  const jobId = randomUUID();
  return {
    serviceId: randomUUID(),
    project: 'demo',
    cluster: 'local',
    recipe: 'notebook/jupyter',
    model: null,
    state: port === null ? 'starting' : 'running',
    reason: null,
    access: {
      permission: 'manage',
      key: { kind: 'authorization', scheme: 'token' },
      underBasePath: true,
      websocket: true,
    },
    clusterJobIds: ['4711'],
    endpoint:
      port === null
        ? null
        : { jobId, cluster: 'local', address: { host: '127.0.0.1', port }, key: serviceKey },
    ...change,
  };
}

/** One at the root of its server. */
export const atRoot = {
  permission: 'infer',
  key: { kind: 'authorization', scheme: 'Bearer' },
  underBasePath: false,
  websocket: true,
} as const satisfies ServiceRoute['access'];

/** Where it is reached through the proxy. */
export function pathTo({ serviceId }: ServiceRoute, rest = '/'): string {
  return `/api/v1/services/${serviceId}/proxy${rest}`;
}

/** People with a key each, `<role>-of-<project>`. */
export const people: Identifier = {
  identify: (authorization) => {
    const [, role, project] =
      /^Bearer (viewer|user|manager)-of-(\w+)$/.exec(authorization ?? '') ?? [];
    if (role === undefined || project === undefined) return null;
    return { kind: 'user', id: role, grants: [{ project, role: role as Role }] };
  },
};

export const as = (who: string) => ({ authorization: `Bearer ${who}` });

/** A server that does what it is told with each request. */
export async function startServer(
  listener: RequestListener,
): Promise<{ readonly port: number; readonly server: Server; close(): Promise<void> }> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    server,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
