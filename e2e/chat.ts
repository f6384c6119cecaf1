import type { Wakefield } from './wakefield.ts';

/** How a chat went, byte for byte honest: what came, and whether it ended as the protocol says. */
export interface ChatResult {
  readonly status: number;
  /** Tokens of the answer. */
  readonly tokens: number;
  /** The engine's last word came: `[DONE]`, or a whole body. */
  readonly whole: boolean;
  /** What went wrong on the way: an error event, a refused or a broken connection. */
  readonly error: string | null;
}

export interface ChatOptions {
  readonly tokens: number;
  readonly stream?: boolean;
  /** Told of every line as it comes. */
  readonly onLine?: (line: string) => void;
  /** Gives up on it. */
  readonly signal?: AbortSignal;
}

/** One chat; never rejects. */
export async function chat(
  wakefield: Pick<Wakefield, 'url' | 'key'>,
  model: string,
  { tokens, stream = false, onLine = () => undefined, signal }: ChatOptions,
): Promise<ChatResult> {
  let result: ChatResult = { status: 0, tokens: 0, whole: false, error: null };
  try {
    const response = await fetch(`${wakefield.url}/p/demo/openai/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${wakefield.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model,
        messages: [{ role: 'user', content: 'Good morning!' }],
        // The engines' own field, beside OpenAI's: go on until max_tokens.
        ignore_eos: true,
        max_tokens: tokens,
        stream,
      }),
      ...(signal === undefined ? {} : { signal }),
    });
    result = { ...result, status: response.status };
    if (!stream) return wholeAnswer(result, await response.text());
    for await (const line of linesOf(response)) {
      onLine(line);
      result = after(result, line);
    }
    return result;
  } catch (error) {
    const { message, cause } = error as Error;
    return { ...result, error: `${message} ${(cause as Error | undefined)?.message ?? ''}`.trim() };
  }
}

function wholeAnswer(result: ChatResult, text: string): ChatResult {
  const { usage, error } = JSON.parse(text) as {
    usage?: { completion_tokens: number };
    error?: { message: string };
  };
  return {
    ...result,
    tokens: usage?.completion_tokens ?? 0,
    whole: usage !== undefined,
    error: error?.message ?? null,
  };
}

function after(result: ChatResult, line: string): ChatResult {
  if (line === 'data: [DONE]') return { ...result, whole: true };
  if (!line.startsWith('data: ')) return result;
  const { choices, error } = JSON.parse(line.slice('data: '.length)) as {
    choices?: readonly { delta?: { content?: string } }[];
    error?: { message: string };
  };
  if (error !== undefined) return { ...result, error: error.message };
  const more = (choices?.[0]?.delta?.content ?? '') === '' ? 0 : 1;
  return { ...result, tokens: result.tokens + more };
}

async function* linesOf(response: Response): AsyncGenerator<string> {
  let rest = '';
  const text = response.body?.pipeThrough(new TextDecoderStream()) ?? [];
  for await (const part of text) {
    const lines = `${rest}${part}`.split('\n');
    rest = lines.pop() ?? '';
    yield* lines.filter((line) => line !== '');
  }
}
