import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from './log.ts';
import type { RankPlace } from './rank-place.ts';
import { admit, onLines, words } from './rank-talk.ts';

/** The head's side of an engine on several nodes. */
export interface RankHead {
  /** Resolves once every rank has come. */
  readonly complete: Promise<void>;
  /** The first rank whose connection is lost before the end. */
  readonly lost: Promise<number>;
  /** Tells the others that this is the end; resolves when they have heard it, or after a second. */
  release(): Promise<void>;
}

/** Of an engine that is one process. */
const headOfNone: RankHead = {
  complete: Promise.resolve(),
  lost: new Promise(() => undefined),
  release: async () => undefined,
};

/** How long the others get to hear of the end. */
const RELEASE_MS = 1000;

/**
 * Waits for the other ranks of this engine where they have been told to come.
 * @throws the listen error, e.g. EADDRINUSE
 */
export async function openHead(place: RankPlace, engine: string, log: Log): Promise<RankHead> {
  if (place.nodes === 1) return headOfNone;
  const here = new Map<number, Socket>();
  const complete = Promise.withResolvers<void>();
  const lost = Promise.withResolvers<number>();
  let isOver = false;
  const missing = () => place.nodes - 1 - here.size;
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    let rank: number | null = null;
    socket.on('close', () => {
      if (rank !== null && !isOver) lost.resolve(rank);
    });
    onLines(socket, (line) => {
      if (rank !== null) return;
      const admitted = admit(line, place, engine, here);
      if (typeof admitted === 'string') {
        socket.end(`${words.refused}${admitted}\n`);
        return;
      }
      rank = admitted;
      here.set(rank, socket);
      log(`rank ${rank} of ${place.nodes} has come`);
      if (missing() > 0) return;
      server.close();
      for (const one of here.values()) one.write(`${words.go}\n`);
      complete.resolve();
    });
  });
  await listen(server, place);
  log(`waiting for ${missing()} other ranks on ${place.headHost}:${place.headPort}`);
  return {
    complete: complete.promise,
    lost: lost.promise,
    async release() {
      isOver = true;
      server.close();
      const all = [...here.values()].filter((socket) => !socket.destroyed);
      const closed = all.map(farewell);
      await Promise.race([Promise.all(closed), sleep(RELEASE_MS)]);
    },
  };
}

function farewell(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve()).end(`${words.done}\n`);
  });
}

async function listen(server: Server, { headHost, headPort }: RankPlace): Promise<void> {
  server.listen({ host: headHost, port: headPort });
  await once(server, 'listening');
}
