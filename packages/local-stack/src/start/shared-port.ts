import { lookup } from 'node:dns/promises';
import net from 'node:net';
import type { Stream } from 'node:stream';
import { getSystemErrorName } from 'node:util';
import { SetupError } from '../setup-error.ts';

/**
 * A socket that is bound here and that the services listen on: the kernel gives each connection to one of them that
 * is free, so several share a port without a balancer. It stays while they come and go: what arrives meanwhile waits
 * in its one queue, and none is lost with the process that it would have gone to, as it is with a queue for each
 * (socket(7), SO_REUSEPORT; tcp_migrate_req in the kernel's ip-sysctl.rst).
 */
export interface SharedPort {
  /** For `stdio` of a child: its file descriptor of that number. */
  readonly stdio: Stream;
  /** Those who listen go on; the last of them closes it. */
  close(): void;
}

/** Of libuv: bound, and not listening, so that nothing is ever accepted here. */
interface BoundSocket {
  getsockname(out: object): number;
  close(): void;
}

/**
 * What node:cluster opens its workers' sockets with (lib/internal/cluster/shared_handle.js). `Server.listen` is no
 * way to it: it would accept connections, too.
 */
type CreateServerHandle = (
  address: string,
  port: number,
  family: number,
  fd: undefined,
  flags: number,
) => BoundSocket | number;

/** @throws SetupError when the port cannot be had */
export async function openSharedPort(host: string, port: number): Promise<SharedPort> {
  const refused = (why: string, cause?: unknown) =>
    new SetupError(`Cannot listen on ${host}:${port} (${why}).`, cause);
  const { address, family } = await lookup(host).catch((error: unknown) => {
    throw refused((error as Error).message, error);
  });
  const { _createServerHandle: create } = net as unknown as {
    readonly _createServerHandle?: CreateServerHandle;
  };
  if (create === undefined) throw refused(`Node ${process.version} does not share ports`);
  const socket = create(address, port, family, undefined, 0);
  if (typeof socket === 'number') throw refused(getSystemErrorName(socket));
  // libuv tells of a port that is in use with the next call.
  const problem = socket.getsockname({});
  if (problem !== 0) {
    socket.close();
    throw refused(getSystemErrorName(problem));
  }
  // Node takes handles there, too (lib/internal/child_process.js, getValidStdio); its types know streams alone.
  return { stdio: socket as unknown as Stream, close: () => socket.close() };
}
