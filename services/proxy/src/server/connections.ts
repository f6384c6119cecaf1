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
  /** The one before it, where that was not finished yet; all of its request is there. */
  before: Answer | undefined;
  /** Whether something was asked on it since one was looked for that could be ended. */
  isUsed: boolean;
  /** What came behind the request of the newest answer, before that was finished, is being read only now. */
  isLate: boolean;
}

export interface ConnectionLimits {
  /** Connections at once. */
  readonly mostConnections: number;
  /** Requests of one connection at once. */
  readonly mostPipelined: number;
}

/** The connections of the door. */
export interface Connections {
  /** Where there are too many, another one ends, or this one. */
  opened(socket: Socket): Connection;
  readonly size: number;
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
  /**
   * Ends those whose client has taken nothing since the last time, of what waited for it then and still waits, and those
   * that were ended to it by then, if it does not end them, too.
   */
  endStalled(): void;
}

/**
 * Why a connection is ended.
 * - `evicted` too many are open, and nothing is under way on it
 * - `refused` too many are open, and no other one was found to be ended
 * - `stalled` its client takes nothing of what it is sent, not even the end of it
 */
export type ConnectionEnd = 'evicted' | 'refused' | 'stalled';

interface Watched extends Connection {
  /** When it was first seen without anything under way, and what it had received by then. */
  quiet: { readonly since: number; readonly bytesRead: number } | null;
  /** Requests whose answers are not finished. */
  waiting: number;
  /** Bytes that had been taken of it when it was last looked at, and more, or its end, was to be taken; -1: nothing was. */
  taken: number;
}

/** So many connections are looked at for each that is one too many: whoever opens them is not to be given more work. */
const mostLooks = 32;

/**
 * @param now milliseconds of a clock that never goes back
 */
export function createConnections(
  now: () => number,
  { mostConnections, mostPipelined }: ConnectionLimits,
  ended: (why: ConnectionEnd) => void,
): Connections {
  const open = new Map<Socket, Watched>();
  const end = (socket: Socket, why: ConnectionEnd): void => {
    ended(why);
    open.delete(socket);
    socket.destroy();
  };
  const findIdle = (): Socket | null => {
    let used: Socket | null = null;
    let looks = 0;
    for (const [socket, connection] of open) {
      const isIdle = connection.newest?.finished ?? true;
      if (isIdle && !connection.isUsed) return socket;
      // Who asks now and then is not ended for the sake of those who never do.
      if (isIdle) used ??= socket;
      connection.isUsed = false;
      looks += 1;
      if (looks >= mostLooks) break;
      // The next look is at others. (An iterator that is kept would keep all that was ever in the map.)
      open.delete(socket);
      open.set(socket, connection);
    }
    return used;
  };
  return {
    opened: (socket) => {
      const connection: Watched = {
        newest: undefined,
        before: undefined,
        isUsed: false,
        isLate: false,
        quiet: null,
        waiting: 0,
        taken: -1,
      };
      const idle = open.size < mostConnections ? null : findIdle();
      if (idle !== null) end(idle, 'evicted');
      open.set(socket, connection);
      socket.once('close', () => open.delete(socket));
      if (open.size > mostConnections) end(socket, 'refused');
      return connection;
    },
    get size() {
      return open.size;
    },
    asked: (socket, answer) => {
      const connection = open.get(socket);
      if (connection === undefined || connection.newest?.isLast === true) return false;
      const { newest } = connection;
      connection.before = newest?.finished === false ? newest : undefined;
      connection.newest = answer;
      connection.isUsed = true;
      connection.isLate = false;
      connection.waiting += 1;
      answer.onceClosed(() => {
        connection.waiting -= 1;
      });
      // All that came in one packet is asked before anybody else gets a turn.
      if (connection.waiting >= mostPipelined) answer.endConnection();
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
    endStalled: () => {
      for (const [socket, connection] of open) {
        const { bytesWritten, writableLength, writableEnded } = socket;
        const isDue = writableLength > 0 || writableEnded;
        const taken = isDue ? bytesWritten - writableLength : -1;
        if (taken !== -1 && taken === connection.taken) end(socket, 'stalled');
        connection.taken = taken;
      }
    },
  };
}
