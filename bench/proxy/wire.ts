/**
 * What is asked of the engine, as the value of a header that every proxy passes on:
 * - `json` a chat completion of 500 bytes
 * - `stream-<events>-<gap>` an event stream, its events `gap` ms apart, then `[DONE]`
 * - `silent` an event stream that says one thing and then nothing, until somebody hangs up
 */
export type Shape = 'json' | 'silent' | `stream-${number}-${number}`;

export interface EngineAnswer {
  readonly head: Buffer;
  readonly event: Buffer;
  readonly events: number;
  readonly gapMs: number;
  /** null: the answer does not end. */
  readonly end: Buffer | null;
}

const body = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  choices: [
    { index: 0, message: { role: 'assistant', content: 'x'.repeat(320) }, finish_reason: 'stop' },
  ],
  usage: { prompt_tokens: 500, completion_tokens: 80, total_tokens: 580 },
});
const event = `data: ${JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1_700_000_000,
  model: 'org/model',
  choices: [{ index: 0, delta: { content: 'hello' }, logprobs: null, finish_reason: null }],
})}\n\n`;
const done = 'data: [DONE]\n\n';
const nothing = Buffer.alloc(0);
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

const json: EngineAnswer = {
  head: Buffer.from(
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  ),
  event: nothing,
  events: 0,
  gapMs: 0,
  end: nothing,
};
const streamHead = Buffer.from(
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n',
);
const streamEvent = Buffer.from(chunk(event));
const streamEnd = Buffer.from(`${chunk(done)}0\r\n\r\n`);

/** The bytes of an engine for a shape. */
export function answerOf(shape: string): EngineAnswer {
  if (shape === 'silent') {
    return { head: streamHead, event: streamEvent, events: 1, gapMs: 0, end: null };
  }
  const [, events, gapMs] = /^stream-(\d+)-(\d+)$/.exec(shape) ?? [];
  if (events === undefined) return json;
  return {
    head: streamHead,
    event: streamEvent,
    events: Number(events),
    gapMs: Number(gapMs),
    end: streamEnd,
  };
}

/** How a complete answer ends on the wire, whoever passed it on. */
export function endOf(shape: Shape): Buffer {
  return Buffer.from(shape === 'json' ? body.slice(-24) : `${done}\r\n0\r\n\r\n`);
}

/** A chat request of about 2 KB. @param model what to ask for: an unknown name for the bare proxies, too */
export function requestBytes(shape: Shape, model: string): Buffer {
  const text = JSON.stringify({
    messages: [{ role: 'user', content: 'y'.repeat(1900) }],
    model,
    stream: shape !== 'json',
    temperature: 0.7,
  });
  const head = [
    'POST /p/demo/openai/v1/chat/completions HTTP/1.1',
    'host: 127.0.0.1',
    `authorization: Bearer ${benchKey}`,
    'content-type: application/json',
    'accept: application/json',
    'user-agent: bench',
    `x-bench: ${shape}`,
    `content-length: ${text.length}`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${text}`);
}

export const benchKey = 'bench-key-of-16-or-more';
/** Ready in the proxy under test. */
export const readyModel = 'org/model';
/** Asleep in the proxy under test, and never woken: its requests are held. */
export const sleepingModel = 'org/asleep';
