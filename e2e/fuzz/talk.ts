import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { countAnswers } from '../../services/proxy/test/answers.ts';
import type { Case } from './cases.ts';

/** What a client got to see. */
export interface Talk {
  /** All that it read, to the end of its connection; latin1. */
  readonly read: string;
  /** Turns that were sent before the connection was gone. */
  readonly turns: number;
  /** Whether a turn went out before all answers were there: they never come, or are late. */
  readonly isHasty: boolean;
  /** Whether the connection was still there long after the client had said its last. */
  readonly hangs: boolean;
}

/** A last request on the same connection: whatever is left of those before would show. */
const last = 'GET /health HTTP/1.1\r\nhost: last\r\nconnection: close\r\n\r\n';
/**
 * So many turns of the loop without a byte: the answer does not come, as the request is not complete. Client, proxy and
 * engine are in this process, so that is long however slow the machine is.
 */
const quietTurns = 40;
const patienceMs = 15_000;

/** Sends a case, one turn after the other, and asks once more. */
export async function talk(port: number, { turns }: Case): Promise<Talk> {
  const client = await open(port);
  const { socket } = client;
  let sent = 0;
  let isHasty = false;
  for (const packets of turns) {
    if (!socket.writable) break;
    for (const [index, packet] of packets.entries()) {
      if (index > 0) await nextTurn();
      if (socket.writable) socket.write(packet, 'latin1');
    }
    sent += 1;
    const answers = sent;
    const isAnswered = (): boolean =>
      hasSwitched(client.read()) || countAnswers(client.read()) >= answers;
    await settled(client, isAnswered);
    isHasty ||= !isAnswered();
  }
  if (socket.writable) socket.write(last, 'latin1');
  await settled(client, () => false);
  // It takes all of that for a part of something; the end of it shows.
  if (socket.writable) socket.end();
  const hangs = !(await closed(socket));
  socket.destroy();
  return { read: client.read(), turns: sent, isHasty, hangs };
}

interface Client {
  readonly socket: Socket;
  read(): string;
}

async function open(port: number): Promise<Client> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let read = '';
  socket.on('data', (bytes: Buffer) => {
    read += bytes.toString('latin1');
  });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return { socket, read: () => read };
}

/** Waits until it holds, the connection is gone, or nothing comes any more. */
async function settled({ socket, read }: Client, holds: () => boolean): Promise<void> {
  let length = read().length;
  for (let quiet = 0; quiet < quietTurns && !socket.destroyed; quiet += 1) {
    await nextTurn();
    if (read().length === length) continue;
    if (holds()) return;
    length = read().length;
    quiet = 0;
  }
}

/** Whether an offer was taken: what comes then is no answers. */
export function hasSwitched(read: string): boolean {
  return /HTTP\/1\.1 101 /.test(read);
}

async function closed(socket: Socket): Promise<boolean> {
  const deadline = performance.now() + patienceMs;
  while (!socket.destroyed && performance.now() < deadline) await nextTurn();
  return socket.destroyed;
}

let next: Promise<void> | null = null;

/** One timer for all who wait: a turn of the loop, in which everything that was there was read. */
function nextTurn(): Promise<void> {
  next ??= new Promise((resolve) => {
    setTimeout(() => {
      next = null;
      resolve();
    }, 1);
  });
  return next;
}
