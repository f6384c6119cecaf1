import { z } from 'zod';
import { wholeNumber } from './config-pieces.ts';

/** Where a server listens. */
export interface ListenPlace {
  readonly host: string;
  readonly port: number;
  /** The socket is there already, as file descriptor 3: host and port only say what it was bound to. */
  readonly inherited?: boolean;
}

/**
 * Variables by which whoever starts a process hands it a socket: systemd's protocol, sd_listen_fds(3). Several
 * processes may share one: each connection goes to one that is free, and while one is started again the others,
 * or the kernel's queue, take what comes.
 */
export const listenVariables = {
  /** 1: listens on file descriptor 3 instead of opening a socket (systemd's socket activation). */
  LISTEN_FDS: wholeNumber
    .refine((count) => count <= 1, 'has to be 0 or 1: there is one socket to listen on')
    .default(0),
  /** The process that `LISTEN_FDS` is meant for; absent: this one. See `socketCheck`. */
  LISTEN_PID: wholeNumber.optional(),
} as const;

/**
 * Goes with `listenVariables`: a socket that was handed over has to be meant for this process. Where there is none,
 * the pid is left over from a parent that had one.
 */
export const socketCheck = z.refine<{ LISTEN_FDS: number; LISTEN_PID?: number | undefined }>(
  ({ LISTEN_FDS: count, LISTEN_PID: pid }) =>
    count === 0 || pid === undefined || pid === process.pid,
  { path: ['LISTEN_PID'], error: 'is not this process: a wrapper has to exec it' },
);

const firstInherited = 3;
/**
 * Connections that wait to be accepted; the kernel may allow less (net.core.somaxconn, 4096 by default). Behind Node's 511
 * those that come at once in thousands wait a second for their next try (tcp(7)).
 */
const backlog = 4096;

/** What `server.listen` of node:net takes. */
export function listenOptions({ host, port, inherited = false }: ListenPlace) {
  return { ...(inherited ? { fd: firstInherited } : { host, port }), backlog };
}
