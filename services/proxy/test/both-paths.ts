import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import type { ProxySettings } from '../src/proxy.ts';
import { countAnswers } from './answers.ts';
import { type Script, type ScriptedEngine, startEngine } from './engine.ts';
import { endpoint, type Harness, startHarness } from './harness.ts';
import { type RawClient, rawClient } from './raw.ts';
import { type RecordingApi, startRecordingApi } from './recording-api.ts';

/** One way through the door, and what is behind it. */
interface Path {
  readonly proxy: Harness;
  readonly engine: ScriptedEngine;
  readonly api: RecordingApi;
}

/** What became of the same bytes on one path, without what differs from request to request. */
export interface Outcome {
  /** All that the client read, to the end of the connection. */
  readonly read: string;
  /** What engines got. */
  readonly engine: readonly string[];
  /** What the api got. */
  readonly api: readonly string[];
}

/** What became of them on both. */
export interface Outcomes {
  readonly front: Outcome;
  readonly node: Outcome;
  /** Why the connection went to node:http; null: all of it was read by the front. */
  readonly yielded: string | null;
}

/** What a client does, to the end of its connection. */
type Talk = (client: RawClient) => Promise<void>;

export interface BothPaths {
  /**
   * @param turns what the client sends on one connection: packet by packet, as far as that is in its hands, and the
   *   next turn when the answer to the one before is there
   */
  send(...turns: readonly (readonly string[])[]): Promise<Outcomes>;
  /** The same of one packet, behind which the client says that it is the last. */
  sendAndEnd(packet: string): Promise<Outcomes>;
}

const reasons = ['head', 'route', 'pipelined'] as const;
/** A last request on the same connection: whatever is left of those before would show. */
const last = 'GET /health HTTP/1.1\r\nhost: last\r\nconnection: close\r\n\r\n';
/**
 * So many turns of the loop without a byte: the answer does not come, as the request is not complete. Client, proxy and
 * engine are in this process, so that is long however slow the machine is.
 */
const quietTurns = 60;

/** The same proxy twice, with the front and without it. */
export function useBothPaths(script: Script, settings: Partial<ProxySettings> = {}): BothPaths {
  let front: Path;
  let node: Path;
  const start = async (fastPath: boolean): Promise<Path> => {
    const [engine, api] = await Promise.all([startEngine(script), startRecordingApi()]);
    const proxy = await startHarness({ apiUrl: api.url, ...settings, fastPath });
    const endpoints = [endpoint(engine.port, 'job-1')];
    proxy.route('a/b', { state: 'ready', idle: false, endpoints });
    await proxy.caughtUp();
    return { proxy, engine, api };
  };
  beforeAll(async () => {
    [front, node] = await Promise.all([start(true), start(false)]);
  });
  afterAll(async () => {
    for (const { proxy, engine, api } of [front, node]) {
      await proxy.stop();
      await Promise.all([engine.close(), api.close()]);
    }
  });
  beforeEach(() => {
    for (const { engine, api } of [front, node]) {
      engine.seen.length = 0;
      api.seen.length = 0;
    }
  });
  const yielded = () =>
    Promise.all(
      reasons.map((reason) =>
        front.proxy.metric(`wakefield_front_yields_total{reason="${reason}"`),
      ),
    );
  const onBoth = async (talk: Talk): Promise<Outcomes> => {
    const before = await yielded();
    const outcomes = await Promise.all([front, node].map((path) => outcomeOn(path, talk)));
    const after = await yielded();
    const why = reasons.find((_, index) => after[index] !== before[index]);
    const [atFront, atNode] = outcomes as [Outcome, Outcome];
    return { front: atFront, node: atNode, yielded: why ?? null };
  };
  return {
    send: (...turns) => onBoth((client) => converse(client, turns)),
    sendAndEnd: (packet) =>
      onBoth(async ({ socket, closed }) => {
        socket.end(packet, 'latin1');
        await closed();
      }),
  };
}

async function outcomeOn(path: Path, talk: Talk): Promise<Outcome> {
  const { proxy, engine, api } = path;
  const [engineBefore, apiBefore] = [engine.seen.length, api.seen.length];
  const client = await rawClient(proxy.port);
  client.socket.setNoDelay(true);
  await talk(client);
  client.socket.destroy();
  const read = await client.closed();
  return {
    read: normal(read),
    engine: engine.seen
      .slice(engineBefore)
      .map(({ method, url, rawHeaders, body }) => inOne(method, url, headersOf(rawHeaders), body))
      .sort(),
    api: api.seen
      .slice(apiBefore)
      .map(({ line, rawHeaders, body }) => inOne(line, headersOf(rawHeaders), body))
      .sort(),
  };
}

/** What comes on several connections comes in any order. */
const inOne = (...parts: readonly unknown[]): string => JSON.stringify(parts);

/** Sends all of it, waits for the answers, and asks once more. */
async function converse(client: RawClient, turns: readonly (readonly string[])[]): Promise<void> {
  const { socket } = client;
  for (const [turn, packets] of turns.entries()) {
    for (const [index, packet] of packets.entries()) {
      if (index > 0) await wait(1);
      if (socket.writable) socket.write(packet, 'latin1');
    }
    await settled(client, () => countAnswers(client.text()) > turn);
  }
  if (socket.writable) client.send(last);
  await settled(client, () => false);
  // It takes all of that for a part of something; the end of it shows.
  if (socket.writable) socket.end();
  await settled(client, () => false);
}

/** Waits until it holds, the connection is gone, or nothing comes any more. */
async function settled(client: RawClient, holds: () => boolean): Promise<void> {
  let read = client.text().length;
  for (let quiet = 0; quiet < quietTurns && !client.socket.destroyed && !holds(); quiet += 1) {
    await wait(1);
    if (client.text().length === read) continue;
    read = client.text().length;
    quiet = 0;
  }
}

/** Without ids and dates. */
function normal(text: string): string {
  return text
    .replaceAll(/req_[0-9a-f]{32}/g, 'req_*')
    .replaceAll(/\r\ndate: [^\r]+/gi, '\r\nDate: *');
}

const changing: ReadonlySet<string> = new Set(['x-request-id', 'traceparent']);

function headersOf(raw: readonly string[]): readonly string[] {
  return raw.map((text, index) => {
    const name = (raw[index - 1] ?? '').toLowerCase();
    const isMade = /^(?:req_|00-)[0-9a-f]{32}/.test(text);
    if (index % 2 === 1 && changing.has(name) && isMade) return '*';
    // What it is told by callers is made unique for engines.
    if (name === 'x-request-id') return text.replace(/-[0-9a-f]{8}$/, '-*');
    return text.replace(/^127\.0\.0\.1:\d+$/, '127.0.0.1:*');
  });
}
