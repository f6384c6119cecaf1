import { createServer } from 'node:net';
import { SetupError } from '../setup-error.ts';

/** Below Linux' range for outgoing connections (32768 on), so that none of those takes the port meanwhile. */
const usual = { from: 10_000, to: 32_000 };

/**
 * A block of TCP ports on loopback that nobody listens on.
 * @param within where it has to lie
 * @returns the first of them
 */
export async function freePorts(count: number, within = usual): Promise<number> {
  const { from: lowest, to: highest } = within;
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const blocks = Math.floor((highest - lowest) / count);
    const first = lowest + Math.floor(Math.random() * blocks) * count;
    const ports = Array.from({ length: count }, (_, index) => first + index);
    const free = await Promise.all(ports.map((port) => isFree('127.0.0.1', port)));
    if (free.every(Boolean)) return first;
  }
  throw new SetupError(`No ${count} free ports in a row on 127.0.0.1 below ${highest}.`);
}

/** Whether a listener could be opened there now. */
export function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
