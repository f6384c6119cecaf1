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
  /** The process that `LISTEN_FDS` is meant for, which has to be this one; absent: this one. */
  LISTEN_PID: wholeNumber
    .refine((pid) => pid === process.pid, 'is not this process: a wrapper has to exec it')
    .optional(),
} as const;

const firstInherited = 3;

/** What `server.listen` of node:net takes. */
export function listenOptions({ host, port, inherited = false }: ListenPlace) {
  return inherited ? { fd: firstInherited } : { host, port };
}
