import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { countAnswers } from '../../services/proxy/test/answers.ts';
import type { Case } from './cases.ts';
import { wholeRequests } from './whole.ts';

/** What a client got to see. */
export interface Talk {
  /** All that it read, to the end of its connection; latin1. */
  readonly read: string;
  /** Turns that were sent before the connection was gone. */
  readonly turns: number;
  /** Whether a turn went out before all answers were there: they never come, or are late. */
  readonly isHasty: boolean;
  /** Whether requests that were there to the last byte were left without an answer, as was the last one behind them. */
  readonly isUnanswered: boolean;
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
/** The same for requests that are complete for sure: whoever says nothing for so long never will. */
const patientTurns = 10_000;
const patienceMs = 15_000;

/**
 * Sends a case, one turn after the other, and asks once more.
 * @param patience turns of the loop that an answer may take which has to come
 */
export async function talk(
  port: number,
  { turns }: Case,
  patience: number = patientTurns,
): Promise<Talk> {
  const client = await open(port);
  const { socket } = client;
  const exchange = new Exchange(client, patience);
  for (const packets of turns) {
    if (!socket.writable || exchange.isUnanswered) break;
    await send(socket, packets);
    await exchange.asked(packets.join(''));
  }
  const { sent, isHasty } = exchange;
  if (socket.writable) {
    await send(socket, [last]);
    if (exchange.isWhole) await exchange.asked(last);
  }
  await settled(client, () => false);
  // It takes all of that for a part of something; the end of it shows.
  if (socket.writable) socket.end();
  const hangs = !(await closed(socket));
  socket.destroy();
  const { isUnanswered } = exchange;
  return { read: client.read(), turns: sent, isHasty, isUnanswered, hangs };
}

async function send(socket: Socket, packets: readonly string[]): Promise<void> {
  for (const [index, packet] of packets.entries()) {
    if (index > 0) await nextTurn();
    if (socket.writable) socket.write(packet, 'latin1');
  }
}

/** What was asked on a connection, and whether it was answered. */
class Exchange {
  sent = 0;
  isHasty = false;
  isUnanswered = false;
  readonly #client: Client;
  readonly #patience: number;
  /** Requests so far; null: nobody knows, as what came may be the beginning of one. */
  #whole: number | null = 0;

  constructor(client: Client, patience: number) {
    this.#client = client;
    this.#patience = patience;
  }

  /** Whether there is an answer to come for each request, and nothing else. */
  get isWhole(): boolean {
    return this.#whole !== null;
  }

  /** A turn was sent: waits for its answers. */
  async asked(text: string): Promise<void> {
    this.sent += 1;
    const more = this.#whole === null ? null : wholeRequests(text);
    this.#whole = more === null ? null : (this.#whole ?? 0) + more;
    if (this.#whole === null) {
      await settled(this.#client, () => this.#isAnswered());
      this.isHasty ||= !this.#isAnswered();
      return;
    }
    if (!this.#isAnswered()) await settled(this.#client, () => this.#isAnswered(), this.#patience);
    const { socket, read } = this.#client;
    const isOver = socket.destroyed || socket.readableEnded;
    this.isUnanswered ||= !this.#isAnswered() && (!isOver || read() === '');
  }

  #isAnswered(): boolean {
    const read = this.#client.read();
    return hasSwitched(read) || countAnswers(read) >= (this.#whole ?? this.sent);
  }
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
async function settled(
  { socket, read }: Client,
  holds: () => boolean,
  mostQuiet: number = quietTurns,
): Promise<void> {
  let length = read().length;
  for (let quiet = 0; quiet < mostQuiet && !socket.destroyed; quiet += 1) {
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
