import type { Server } from 'node:net';

/** Host and port as URLs and `Host` have them: IPv6 in brackets (RFC 3986 §3.2.2). */
export function authorityOf({
  host,
  port,
}: {
  readonly host: string;
  readonly port: number;
}): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Where a server answers that listens on this host. */
export function urlOf(server: Server, host: string): string {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return `http://${authorityOf({ host, port })}`;
}
