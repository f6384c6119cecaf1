import { connect } from 'node:net';

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** Time to the first byte in microseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** How the last bytes of an answer look. */
const ends = {
  json: Buffer.from('"total_tokens":580}}'),
  stream: Buffer.from('0\r\n\r\n'),
} as const;

/** A closed loop of bare sockets: each sends its next request when its answer is complete. */
export async function load(
  port: number,
  kind: 'json' | 'stream',
  connections: number,
  requests: number,
): Promise<LoadResult> {
  const bytes = requestBytes(kind);
  const firstBytes: number[] = [];
  let left = requests;
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: connections }, () =>
      client(port, bytes, ends[kind], () => left-- > 0, firstBytes),
    ),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  firstBytes.sort((a, b) => a - b);
  const at = (share: number) =>
    Math.round((firstBytes[Math.floor(firstBytes.length * share)] ?? 0) * 1000);
  return { requests, seconds, p50: at(0.5), p99: at(0.99) };
}

function client(
  port: number,
  bytes: Buffer,
  end: Buffer,
  again: () => boolean,
  firstBytes: number[],
): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let sentAt = 0;
    let waiting = false;
    const send = (): void => {
      if (!again()) {
        socket.end();
        resolve();
        return;
      }
      waiting = true;
      sentAt = performance.now();
      socket.write(bytes);
    };
    socket.on('connect', send);
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      if (waiting) {
        waiting = false;
        if (!chunk.toString('latin1', 9, 12).startsWith('200')) {
          reject(new Error(`unexpected answer: ${chunk.toString('latin1', 0, 400)}`));
          socket.destroy();
          return;
        }
        firstBytes.push(performance.now() - sentAt);
      }
      if (chunk.subarray(-end.length).equals(end)) send();
    });
  });
}

function requestBytes(kind: 'json' | 'stream'): Buffer {
  const body = JSON.stringify({
    messages: [{ role: 'user', content: 'y'.repeat(1900) }],
    model: 'org/model',
    stream: kind === 'stream',
    temperature: 0.7,
  });
  const head = [
    'POST /p/demo/openai/v1/chat/completions HTTP/1.1',
    'host: 127.0.0.1',
    'authorization: Bearer bench-key',
    'content-type: application/json',
    'accept: application/json',
    'user-agent: bench',
    `x-bench: ${kind}`,
    `content-length: ${body.length}`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}
