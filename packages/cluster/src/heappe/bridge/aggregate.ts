import { type Fields, isFields } from './json.ts';
import { mergeDelta } from './merge-delta.ts';

/** Which of the two operations that stream an answer belongs to. */
export type AnswerKind = 'chat' | 'text';

const objects = { chat: 'chat.completion', text: 'text_completion' } as const;
/** Fields of an answer that its first chunk settles. */
const settled: ReadonlySet<string> = new Set(['id', 'created', 'model']);

/**
 * The answer that an engine would have given at once, from the chunks of the one that it streamed
 * (platform.openai.com/docs/api-reference/chat-streaming). Fields that it does not know are kept: in the answer and
 * in a choice the last one that is not null, lists of a choice one behind the other.
 */
export class AnswerAggregate {
  readonly #kind: AnswerKind;
  readonly #fields = new Map<string, unknown>();
  readonly #choices = new Map<number, ChoiceAggregate>();

  constructor(kind: AnswerKind) {
    this.#kind = kind;
  }

  add(chunk: Fields): void {
    for (const [name, value] of Object.entries(chunk)) {
      if (name === 'choices') this.#addChoices(value);
      else if (!(settled.has(name) && this.#fields.has(name)))
        putUnlessNull(this.#fields, name, value);
    }
  }

  answer(): Fields {
    this.#fields.set('object', objects[this.#kind]);
    const choices = [...this.#choices]
      .sort(([a], [b]) => a - b)
      .map(([, choice]) => choice.whole());
    return Object.fromEntries([...this.#fields, ['choices', choices]]);
  }

  #addChoices(choices: unknown): void {
    if (!Array.isArray(choices)) return;
    for (const choice of choices) {
      if (!isFields(choice)) continue;
      const index = Number.isInteger(choice.index) ? Number(choice.index) : 0;
      const known = this.#choices.get(index) ?? new ChoiceAggregate(index, this.#kind);
      this.#choices.set(index, known);
      known.add(choice);
    }
  }
}

class ChoiceAggregate {
  readonly #index: number;
  readonly #kind: AnswerKind;
  /** `message` or `text` comes second, as engines write it. */
  #message: Fields = {};
  #text = '';
  readonly #fields = new Map<string, unknown>([
    ['logprobs', null],
    ['finish_reason', null],
  ]);

  constructor(index: number, kind: AnswerKind) {
    this.#index = index;
    this.#kind = kind;
  }

  add(choice: Fields): void {
    for (const [name, value] of Object.entries(choice)) {
      if (name === 'index') continue;
      if (name === 'delta')
        this.#message = isFields(value) ? mergeDelta(this.#message, value) : this.#message;
      else if (name === 'text') this.#text += typeof value === 'string' ? value : '';
      else this.#put(name, value);
    }
  }

  whole(): Fields {
    const said =
      this.#kind === 'chat' ? { message: wholeMessage(this.#message) } : { text: this.#text };
    return { index: this.#index, ...said, ...Object.fromEntries(this.#fields) };
  }

  #put(name: string, value: unknown): void {
    const before = this.#fields.get(name);
    if (isFields(before) && isFields(value)) this.#fields.set(name, joinLists(before, value));
    else if (Array.isArray(before) && Array.isArray(value)) append(before, value);
    else putUnlessNull(this.#fields, name, value);
  }
}

/** In place: lists are as long as answers have tokens, and the chunk that brought the first entries is ours. */
function append(list: unknown[], entries: readonly unknown[]): void {
  for (const entry of entries) list.push(entry);
}

/** `logprobs`: lists by name, each continued; what is no list is replaced. */
function joinLists(before: Fields, next: Fields): Fields {
  const joined = new Map(Object.entries(before));
  for (const [name, value] of Object.entries(next)) {
    const known = joined.get(name);
    if (Array.isArray(known) && Array.isArray(value)) append(known, value);
    else putUnlessNull(joined, name, value);
  }
  return Object.fromEntries(joined);
}

/** Tool calls are numbered in a stream only; a message that only calls tools has no content. */
function wholeMessage(message: Fields): Fields {
  const { role, content, refusal, tool_calls: calls, ...others } = message;
  const called = Array.isArray(calls) && calls.length > 0;
  const none = called || content === undefined || content === null;
  return {
    role: role ?? 'assistant',
    content: content === '' && called ? null : none ? (content ?? null) : content,
    refusal: refusal ?? null,
    ...others,
    ...(called ? { tool_calls: calls.map(wholeCall) } : {}),
  };
}

function wholeCall(call: unknown): unknown {
  if (!isFields(call)) return call;
  const { index: _index, ...others } = call;
  return others;
}

function putUnlessNull(fields: Map<string, unknown>, name: string, value: unknown): void {
  if (value !== null || !fields.has(name)) fields.set(name, value);
}
