/**
 * What is asked of the engine, in the first words of the prompt, because there is no proxy that changes a prompt:
 * - `json` a chat completion of 500 bytes
 * - `stream-<events>-<gap>` an event stream, its events `gap` ms apart, then `[DONE]`. Each event carries the time of
 *   its writing as `t=<16 digits>`, microseconds of the machine's monotonic clock. Behind the last one goes the usage,
 *   if it was asked for
 * - `bytes-<n>` a JSON text of so many bytes
 */
export type Shape = 'json' | `stream-${number}-${number}` | `bytes-${number}`;

/** How a proxy wants to be asked. */
export interface Asking {
  readonly path: string;
  /** Beside those that every client sends, as they stand in a head. */
  readonly headers: readonly string[];
  readonly model: string;
  readonly key: string;
}

/** What an answer has to be like: its body's length without framing. A stream ends with `[DONE]`. */
export interface Expected {
  readonly stream: boolean;
  readonly least: number;
  readonly most: number;
  /** `sumOf` its body, which is asked for of the first answer on each connection. Absent: nobody knows it. */
  readonly sum?: number;
}

const id = 'chatcmpl-1';
const created = 1_700_000_000;
const usage = { prompt_tokens: 500, completion_tokens: 80, total_tokens: 580 };
/** Of the model that engines say they are; proxies under test know it as ready. */
export const readyModel = 'org/model';
/** Asleep in the proxy under test, and never woken: its requests are held. */
export const sleepingModel = 'org/asleep';
export const benchKey = 'bench-key-of-16-or-more';

const chunk = (more: object): string =>
  `data: ${JSON.stringify({ id, object: 'chat.completion.chunk', created, model: readyModel, ...more })}\n\n`;

/** Texts of the engine's answers; the names are those of the files that the engine in C reads. */
export const answers = {
  json: JSON.stringify({
    ...{ id, object: 'chat.completion', created, model: readyModel },
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'x'.repeat(234) },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage,
  }),
  event: chunk({
    choices: [
      {
        ...{ index: 0, delta: { content: 't=0000000000000000' } },
        ...{ logprobs: null, finish_reason: null },
      },
    ],
  }),
  usage: chunk({ choices: [], usage }),
  done: 'data: [DONE]\n\n',
  models: JSON.stringify({
    object: 'list',
    data: [{ id: readyModel, object: 'model', created, owned_by: 'bench', max_model_len: 131_072 }],
  }),
} as const;

/** What a shape brings where nobody changes it. */
export function expectedOf(shape: Shape): Expected {
  const { events, bytes } = parseShape(shape);
  const stream = events > 0;
  const whole = stream ? events * answers.event.length + answers.done.length : answers.json.length;
  const length = bytes > 0 ? bytes : whole;
  const expected = { stream, least: length, most: length };
  return length > mostSummed ? expected : { ...expected, sum: sumOf(Buffer.from(bodyOf(shape))) };
}

/** Longer ones never end in a run. */
const mostSummed = 1024 * 1024;

function bodyOf(shape: Shape): string {
  const { events, bytes } = parseShape(shape);
  if (events > 0) return answers.event.repeat(events) + answers.done;
  return bytes > 0 ? `{"x":"${'x'.repeat(bytes - 8)}"}` : answers.json;
}

/**
 * FNV-1 of 32 bits, begun at 0. Any digit counts as any other: the time of an event is written in them.
 * @param before the sum of what came before these bytes
 */
export function sumOf(bytes: Uint8Array, before = 0): number {
  let sum = before;
  for (const byte of bytes) {
    const isDigit = byte >= 0x30 && byte <= 0x39;
    sum = Math.imul(sum ^ (isDigit ? 0x30 : byte), 16_777_619);
  }
  return sum >>> 0;
}

/** What a prompt or the name of a shape asks for; all zero: `json`. */
export function parseShape(text: string): {
  readonly events: number;
  readonly gapMs: number;
  readonly bytes: number;
} {
  const [, events = '0', gapMs = '0'] = /stream-(\d+)-(\d+)/.exec(text) ?? [];
  const [, bytes = '0'] = /bytes-(\d+)/.exec(text) ?? [];
  return { events: Number(events), gapMs: Number(gapMs), bytes: Number(bytes) };
}

/**
 * A chat request. The model comes behind the prompt, as the SDKs of OpenAI write it.
 * @param bodyBytes size of its body
 */
export function requestBytes(shape: Shape, bodyBytes: number, asking: Asking): Buffer {
  const bodyOf = (prompt: string): string =>
    JSON.stringify({
      messages: [{ role: 'user', content: prompt }],
      model: asking.model,
      stream: expectedOf(shape).stream,
      temperature: 0.7,
    });
  const words = `shape=${shape} `;
  const body = bodyOf(words + 'y'.repeat(Math.max(0, bodyBytes - bodyOf(words).length)));
  const head = [
    `POST ${asking.path} HTTP/1.1`,
    'host: 127.0.0.1',
    `authorization: Bearer ${asking.key}`,
    'content-type: application/json',
    'accept: application/json',
    'user-agent: bench',
    ...asking.headers,
    `content-length: ${body.length}`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}
