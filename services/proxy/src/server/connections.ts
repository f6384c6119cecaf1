import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { DurationMs } from '@wakefield/domain';

/** The connections of the door, each with the newest of its answers: they go out in the order of the requests. */
export interface Connections {
  opened(socket: Socket): void;
  /**
   * Told of every request, before it is answered.
   * @returns false for one that came behind the last of its connection: it must not be looked at (RFC 9112 §9.6)
   */
  asked(socket: Socket, response: ServerResponse): boolean;
  newest(socket: Socket): ServerResponse | undefined;
  /** Lets every answer that has not begun say that it is the last of its connection. */
  retire(): void;
  /**
   * Ends connections on which nothing happened for so long: after their last answer, or because they never said
   * anything (Node takes those for busy until their head is overdue). Infinity: only begins to count.
   */
  endIdle(afterMs: DurationMs): void;
}

interface Connection {
  newest: ServerResponse | undefined;
  /** When it was first seen without anything under way, and what it had received by then. */
  quiet: { readonly since: number; readonly bytesRead: number } | null;
}

/** @param now milliseconds of a clock that never goes back */
export function createConnections(now: () => number): Connections {
  const open = new Map<Socket, Connection>();
  return {
    opened: (socket) => {
      open.set(socket, { newest: undefined, quiet: null });
      socket.once('close', () => open.delete(socket));
    },
    asked: (socket, response) => {
      const connection = open.get(socket);
      if (connection === undefined || connection.newest?.shouldKeepAlive === false) return false;
      connection.newest = response;
      return true;
    },
    newest: (socket) => open.get(socket)?.newest,
    retire: () => {
      for (const { newest } of open.values()) {
        if (newest !== undefined && !newest.headersSent) newest.shouldKeepAlive = false;
      }
    },
    endIdle: (afterMs) => {
      for (const [socket, connection] of open) {
        const { newest, quiet } = connection;
        const { bytesRead } = socket;
        const isIdle = newest === undefined ? bytesRead === 0 : newest.writableFinished;
        if (!isIdle) connection.quiet = null;
        else if (quiet?.bytesRead !== bytesRead) connection.quiet = { since: now(), bytesRead };
        else if (now() - quiet.since >= afterMs) socket.destroy();
      }
    },
  };
}
