import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Engine } from './engine.ts';
import type { SimulatorOptions } from './options.ts';
import { answerTokens } from './text.ts';

/** A token for each 80 ms of 16 kHz mono PCM16, as speech models have them. */
const bytesPerToken = 2560;

/** vLLM's `/v1/realtime`: sessions of transcription over WebSocket. What is heard is made up, and says so. */
export interface Realtime {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Ends every session: an engine that ends sends no farewell. */
  close(): void;
}

/**
 * Events as vLLM has them (vllm/entrypoints/openai/realtime/{protocol,connection}.py): `session.update` names the
 * model, a first `commit` begins, each `append` brings audio, a `commit` with `final` ends an utterance.
 */
export function createRealtime(options: SimulatorOptions, engine: Engine): Realtime {
  const server = new WebSocketServer({ noServer: true });
  return {
    upgrade: (request, socket, head) => {
      server.handleUpgrade(request, socket, head, (client) => serve(client, options, engine));
    },
    close: () => {
      for (const client of server.clients) client.terminate();
    },
  };
}

interface Utterance {
  bytes: number;
  tokens: string[];
}

function serve(client: WebSocket, options: SimulatorOptions, engine: Engine): void {
  const send = (event: object) => client.send(JSON.stringify(event));
  const fail = (error: string, code: string) => send({ type: 'error', error, code });
  const words = answerTokens('speech', 0);
  let isModelKnown = false;
  let utterance: Utterance | null = null;

  const hear = (audio: unknown): void => {
    const bytes = typeof audio === 'string' ? Buffer.from(audio, 'base64').length : 0;
    if (bytes === 0) {
      fail('Invalid audio data', 'invalid_audio');
      return;
    }
    if (utterance === null) return;
    utterance.bytes += bytes;
    while (utterance.tokens.length < Math.floor(utterance.bytes / bytesPerToken)) {
      const delta = String(words.next().value);
      utterance.tokens.push(delta);
      engine.counters.generationTokens += 1;
      send({ type: 'transcription.delta', delta });
    }
  };
  const finish = ({ bytes, tokens }: Utterance): void => {
    const prompt = Math.ceil(bytes / bytesPerToken);
    const completion = tokens.length;
    engine.counters.promptTokens += prompt;
    utterance = null;
    send({
      type: 'transcription.done',
      text: tokens.join(''),
      usage: {
        prompt_tokens: prompt,
        total_tokens: prompt + completion,
        completion_tokens: completion,
        prompt_tokens_details: null,
      },
    });
  };
  const take = (event: Readonly<Record<string, unknown>>): void => {
    switch (event.type) {
      case 'session.update':
        isModelKnown = options.models.includes(String(event.model));
        if (!isModelKnown) fail(`The model \`${event.model}\` does not exist.`, 'processing_error');
        return;
      case 'input_audio_buffer.append':
        hear(event.audio);
        return;
      case 'input_audio_buffer.commit':
        if (!isModelKnown) fail(notValidated, 'model_not_validated');
        else if (event.final !== true) utterance ??= { bytes: 0, tokens: [] };
        else if (utterance !== null) finish(utterance);
        return;
      default:
        fail(`Unknown event type: ${event.type}`, 'unknown_event');
    }
  };

  client.on('message', (data) => {
    const event = parse(String(data));
    if (event === null) fail('Invalid JSON', 'invalid_json');
    else take(event);
  });
  client.on('error', () => client.terminate());
  send({
    type: 'session.created',
    id: `sess-${randomUUID().replaceAll('-', '')}`,
    created: Math.floor(Date.now() / 1000),
  });
}

const notValidated =
  'Model not validated. Make sure to validate the model by sending a session.update event.';

function parse(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}
