import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** What an engine got to see of one request. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** Whether the client closed the connection before the answer was complete. */
  aborted: boolean;
}

export type Script = (response: ServerResponse, seen: Seen) => void | Promise<void>;

/** An HTTP server that answers as told: for behaviour that no real engine shows on demand. */
export interface ScriptedEngine {
  readonly port: number;
  readonly seen: Seen[];
  /** Connections that were ever opened. */
  readonly connections: () => number;
  /** Those that are open. */
  readonly open: () => number;
  answer(script: Script): void;
  close(): Promise<void>;
}

export async function startEngine(script: Script = ok): Promise<ScriptedEngine> {
  let current = script;
  let connections = 0;
  const seen: Seen[] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ keepAliveTimeout: 5000 }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const entry: Seen = {
        method: request.method ?? '',
        url: request.url ?? '',
        rawHeaders: request.rawHeaders,
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
        aborted: false,
      };
      seen.push(entry);
      response.on('close', () => {
        entry.aborted = !response.writableFinished;
      });
      void current(response, entry);
    });
  });
  server.on('connection', (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    connections: () => connections,
    open: () => sockets.size,
    answer: (next) => {
      current = next;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      if (!server.listening) return;
      server.close();
      await once(server, 'close');
    },
  };
}

/** A complete chat completion. */
export const ok: Script = (response) => {
  json(response, 200, completion('stop', 'Hello.'));
};

export function completion(finishReason: string, content: string) {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'a/b',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content },
        logprobs: null,
        finish_reason: finishReason,
      },
    ],
    usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
  };
}

export function json(response: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    server: 'uvicorn',
  });
  response.end(body);
}

/** One chunk of a chat stream as vLLM writes it. */
export function chunk(delta: object, finishReason: string | null = null): string {
  return `data: ${JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'a/b',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
  })}\n\n`;
}

export const role = chunk({ role: 'assistant', content: '' });
export const done = 'data: [DONE]\n\n';
export const sseHeaders = { 'content-type': 'text/event-stream; charset=utf-8' } as const;

/** Streams the words, then `finish`, then `[DONE]`. */
export function streaming(words: readonly string[], finish = 'stop'): Script {
  return (response) => {
    response.writeHead(200, sseHeaders);
    response.write(role);
    for (const word of words) response.write(chunk({ content: word }));
    response.write(chunk({}, finish));
    response.end(done);
  };
}
