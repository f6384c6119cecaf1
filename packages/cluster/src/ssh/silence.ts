import type { Socket } from 'node:net';

/** Every five seconds something is asked and answered (target.ts): who was not heard for two such beats stands still. */
const silentAfterLooks = 12;
const lookEveryMs = 1000;

export interface Silence {
  readonly silent: boolean;
  stop(): void;
}

/**
 * Watches whether anything comes from the far end of an open connection. Counts looks, not the clock: time in which
 * this process itself stood still is nobody's silence.
 * @param onLook after each look; `begins` at the one at which it is found silent
 */
export function watchSilence(
  socket: Pick<Socket, 'bytesRead'>,
  onLook: (begins: boolean) => void,
): Silence {
  let heard = socket.bytesRead;
  let quietLooks = 0;
  const timer = setInterval(() => {
    const { bytesRead } = socket;
    quietLooks = bytesRead === heard ? quietLooks + 1 : 0;
    heard = bytesRead;
    onLook(quietLooks === silentAfterLooks);
  }, lookEveryMs).unref();
  return {
    get silent() {
      return quietLooks >= silentAfterLooks;
    },
    stop: () => clearInterval(timer),
  };
}
