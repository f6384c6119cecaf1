import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RankPlace } from './rank-place.ts';
import { helloOf, onLines, words } from './rank-talk.ts';

/** Another rank's side of an engine on several nodes. */
export interface RankOther {
  /** Resolves once every rank has come. @throws Error (rejects) with the words of a head that refuses this one */
  readonly complete: Promise<void>;
  /** Whether the head ended in order; else its connection was lost. */
  readonly over: Promise<boolean>;
}

const RETRY_MS = 200;

/**
 * Goes to the head of its engine, which may begin later than this one.
 * @throws Error when it is not there in time
 */
export async function joinHead(place: RankPlace, engine: string): Promise<RankOther> {
  const socket = await reach(place);
  const complete = Promise.withResolvers<void>();
  const over = Promise.withResolvers<boolean>();
  onLines(socket, (line) => {
    if (line === words.go) complete.resolve();
    if (line === words.done) over.resolve(true);
    if (line.startsWith(words.refused))
      complete.reject(new Error(line.slice(words.refused.length)));
  });
  socket.on('close', () => over.resolve(false));
  socket.write(`${helloOf(place, engine)}\n`);
  return { complete: complete.promise, over: over.promise };
}

async function reach({ headHost, headPort, waitSeconds }: RankPlace): Promise<Socket> {
  const deadline = performance.now() + waitSeconds * 1000;
  for (;;) {
    const socket = connect({ host: headHost, port: headPort });
    try {
      await once(socket, 'connect');
      socket.on('error', () => socket.destroy());
      return socket;
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await sleep(RETRY_MS);
  }
}
