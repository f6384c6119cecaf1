import type { Client, ClientChannel } from 'ssh2';
import type { SshConnection } from './connection.ts';

/**
 * The one command that is ever given to the far login shell, whatever that is (sh, csh, fish). A centre's login
 * shell may take seconds to start, so the bash behind it stays and runs one program after the other. Each comes as
 * a line with its length and its marker, then its text; it runs in a subshell without standard input.
 *
 * Many centres set BASH_ENV (Lmod does): every bash would run that file first, and whatever it starts does so again.
 */
const WORKER_COMMAND = `exec /usr/bin/env -u BASH_ENV -u ENV /bin/bash --noprofile --norc -c 'while read -r size marker; do program=$(head -c "$size"); (eval "$program") </dev/null; code=$?; printf "\\n%s-end %d\\n" "$marker" "$code"; printf "\\n%s-end\\n" "$marker" >&2; done'`;

export interface WorkerOutput {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** A bash on the far machine that waits for programs. One at a time. */
export interface RemoteWorker {
  readonly openedAt: number;
  usable(): boolean;
  /**
   * @param marker an unguessable word that ends both outputs
   * @throws when the worker ends before the program does, says too much, or the signal aborts; it is of no
   *   further use then
   */
  run(program: string, marker: string, signal: AbortSignal): Promise<WorkerOutput>;
  close(): void;
}

/** More than any observation should ever bring; stops a far shell that babbles for ever. */
const MAX_OUTPUT = 64 << 20;

/** @throws when the session cannot be opened, or the signal aborts before it is */
export async function openWorker(
  connection: SshConnection,
  client: Client,
  openedAt: number,
  signal: AbortSignal,
): Promise<RemoteWorker> {
  const channel = await openChannel(client, signal);
  let over: Error | null = null;
  let onOver: (reason: Error) => void = () => {};
  let sink: ((stream: 'stdout' | 'stderr', chunk: Buffer) => void) | null = null;
  // What the login shell says before the first program belongs to that program's output.
  const early: ['stdout' | 'stderr', Buffer][] = [];

  const hear = (stream: 'stdout' | 'stderr') => (chunk: Buffer) => {
    if (sink === null) early.push([stream, chunk]);
    else sink(stream, chunk);
  };
  const end = (reason: Error) => {
    if (over !== null) return;
    over = reason;
    stopListening();
    channel.close();
    onOver(reason);
  };
  const stopListening = connection.onLost(client, () =>
    end(new Error('the connection was lost before the answer was complete')),
  );
  channel.on('data', hear('stdout'));
  channel.stderr.on('data', hear('stderr'));
  channel.on('error', end);
  channel.on('exit', (code: number | null) => {
    exitCode = code;
  });
  channel.on('close', () => end(new WorkerExit(exitCode)));
  let exitCode: number | null = null;

  return {
    openedAt,
    usable: () => over === null && connection.isCurrent(client),
    run(program, marker, signal) {
      return new Promise((resolve, reject) => {
        const answer = createCollector(marker);
        const finish = (settle: () => void) => {
          signal.removeEventListener('abort', gaveUp);
          sink = null;
          onOver = () => {};
          settle();
        };
        const gaveUp = () => end(new Error('given up', { cause: signal.reason }));
        onOver = (reason) =>
          finish(() => {
            if (reason instanceof WorkerExit) reason.stderr = answer.heard().stderr.toString();
            reject(reason);
          });
        sink = (stream, chunk) => {
          const complete = answer.take(stream, chunk);
          if (complete !== null) finish(() => resolve(complete));
          else if (answer.size() > MAX_OUTPUT)
            end(new Error(`the answer is longer than ${MAX_OUTPUT} bytes`));
        };
        signal.addEventListener('abort', gaveUp, { once: true });
        for (const [stream, chunk] of early.splice(0)) sink?.(stream, chunk);
        if (over !== null) return onOver(over);
        if (signal.aborted) return gaveUp();
        channel.write(`${Buffer.byteLength(program)} ${marker}\n${program}`);
      });
    },
    close: () => end(new Error('closed')),
  };
}

/** A login node may let us in and then open no session for minutes; one that opens too late is closed. */
function openChannel(client: Client, signal: AbortSignal): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const gaveUp = () => reject(new Error('given up', { cause: signal.reason }));
    signal.addEventListener('abort', gaveUp, { once: true });
    client.exec(WORKER_COMMAND, (error, opened) => {
      signal.removeEventListener('abort', gaveUp);
      if (error !== undefined) return reject(error);
      if (!signal.aborted) return resolve(opened);
      opened.on('error', () => {});
      opened.close();
    });
  });
}

/** The far bash ended, or never began. */
export class WorkerExit extends Error {
  readonly code: number | null;
  stderr = '';
  constructor(code: number | null) {
    super('the remote shell ended');
    this.name = 'WorkerExit';
    this.code = code;
  }
}

/** Gathers both outputs until each has shown the end marker. */
function createCollector(marker: string) {
  const streams = { stdout: createStream(marker), stderr: createStream(marker) };
  const heard = () => ({ stdout: streams.stdout.bytes(), stderr: streams.stderr.bytes() });
  return {
    take(stream: 'stdout' | 'stderr', chunk: Buffer): WorkerOutput | null {
      streams[stream].take(chunk);
      return streams.stdout.ended() && streams.stderr.ended() ? heard() : null;
    },
    size: () => streams.stdout.size() + streams.stderr.size(),
    heard,
  };
}

function createStream(marker: string) {
  const end = Buffer.from(`\n${marker}-end`);
  const chunks: Buffer[] = [];
  let size = 0;
  let tail = Buffer.alloc(0);
  let ended = false;
  return {
    take(chunk: Buffer) {
      chunks.push(chunk);
      size += chunk.length;
      // The marker may come in two pieces, and its line must be whole.
      tail = Buffer.concat([tail, chunk]);
      const at = tail.indexOf(end);
      if (at >= 0) ended ||= tail.indexOf('\n', at + end.length) >= 0;
      else tail = tail.subarray(Math.max(0, tail.length - end.length));
    },
    ended: () => ended,
    size: () => size,
    /** Everything before the end marker. */
    bytes() {
      const all = Buffer.concat(chunks);
      const at = all.indexOf(end);
      return at < 0 ? all : all.subarray(0, at);
    },
  };
}
