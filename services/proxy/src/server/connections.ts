import type { Socket } from 'node:net';
import type { DurationMs } from '@wakefield/domain';

/** An answer, as far as the end of its connection goes. */
export interface Answer {
  readonly headersSent: boolean;
  /** Whether all of it was handed to the operating system. */
  readonly finished: boolean;
  /** Whether it has let go of its connection, or that is gone. */
  readonly closed: boolean;
  /** Whether all of it was said, if not sent yet. */
  readonly isEnded: boolean;
  /** Whether the connection ends with it. */
  readonly isLast: boolean;
  /** Whether the request is there to its last byte. */
  readonly isAsked: boolean;
  /** Lets the connection end with it; its head says so where it is still to be written. */
  endConnection(): void;
  onceClosed(listener: () => void): void;
}

/** A connection with the newest of its answers: they go out in the order of the requests. */
export interface Connection {
  newest: Answer | undefined;
  /** What came behind the request of the newest answer, before that was finished, is being read only now. */
  isLate: boolean;
}

/** The connections of the door. */
export interface Connections {
  opened(socket: Socket): Connection;
  /**
   * Told of every request, before it is answered.
   * @returns false for one that came behind the last of its connection: it must not be looked at (RFC 9112 §9.6)
   */
  asked(socket: Socket, answer: Answer): boolean;
  of(socket: Socket): Connection | undefined;
  /** Lets every answer that has not begun say that it is the last of its connection. */
  retire(): void;
  /**
   * Ends connections on which nothing happened for so long: after their last answer, or because they never said
   * anything (Node takes those for busy until their head is overdue). Infinity: only begins to count.
   */
  endIdle(afterMs: DurationMs): void;
}

interface Watched extends Connection {
  /** When it was first seen without anything under way, and what it had received by then. */
  quiet: { readonly since: number; readonly bytesRead: number } | null;
}

/** @param now milliseconds of a clock that never goes back */
export function createConnections(now: () => number): Connections {
  const open = new Map<Socket, Watched>();
  return {
    opened: (socket) => {
      const connection: Watched = { newest: undefined, isLate: false, quiet: null };
      open.set(socket, connection);
      socket.once('close', () => open.delete(socket));
      return connection;
    },
    asked: (socket, answer) => {
      const connection = open.get(socket);
      if (connection === undefined || connection.newest?.isLast === true) return false;
      connection.newest = answer;
      connection.isLate = false;
      return true;
    },
    of: (socket) => open.get(socket),
    retire: () => {
      for (const { newest } of open.values()) {
        if (newest !== undefined && !newest.headersSent) newest.endConnection();
      }
    },
    endIdle: (afterMs) => {
      for (const [socket, connection] of open) {
        const { newest, quiet } = connection;
        const { bytesRead } = socket;
        const isIdle = newest === undefined ? bytesRead === 0 : newest.finished;
        if (!isIdle) connection.quiet = null;
        else if (quiet?.bytesRead !== bytesRead) connection.quiet = { since: now(), bytesRead };
        else if (now() - quiet.since >= afterMs) socket.destroy();
      }
    },
  };
}
