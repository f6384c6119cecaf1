import { between, exponential, type Random, seeded, zipf } from './random.ts';

/** A token is so many letters. */
export const bytesPerToken = 4;

/** What a trace is made of. Lengths are in tokens, times in milliseconds. */
export interface TraceShape {
  readonly seed: number;
  readonly requests: number;
  /** System prompts, of which the k-th is asked for as often as 1/k. */
  readonly systemPrompts: number;
  readonly systemTokens: readonly [number, number];
  /** Words that all system prompts begin with. */
  readonly introductionTokens: number;
  /** Share of conversations that begin with none of them, and have one turn. */
  readonly uniqueShare: number;
  readonly uniqueTokens: readonly [number, number];
  /** Turns of a conversation, in the mean. */
  readonly turns: number;
  readonly questionTokens: readonly [number, number];
  readonly answerTokens: readonly [number, number];
  /** From an answer to the next question of the same conversation, in the mean. */
  readonly thinkMs: number;
  /** Between two conversations that begin, in the mean. */
  readonly everyMs: number;
}

interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

interface Turn {
  readonly question: string;
  readonly answer: string;
  /** After the answer before; 0 for the first. */
  readonly thinkMs: number;
}

export interface Conversation {
  readonly id: number;
  readonly startsAt: number;
  readonly system: string | null;
  readonly turns: readonly Turn[];
}

/** The same trace for the same shape. */
export function makeTrace(shape: TraceShape): readonly Conversation[] {
  const random = seeded(shape.seed);
  const text = (tokens: readonly [number, number]) => words(random, between(random, ...tokens));
  const introduction = words(random, shape.introductionTokens);
  const systems = Array.from(
    { length: shape.systemPrompts },
    () => introduction + text(shape.systemTokens),
  );
  const popularity = zipf(shape.systemPrompts);
  const conversations: Conversation[] = [];
  let requests = 0;
  let startsAt = 0;
  while (requests < shape.requests) {
    startsAt += exponential(random, shape.everyMs);
    const unique = random() < shape.uniqueShare;
    const system = unique ? null : (systems[popularity(random)] ?? null);
    const turns: Turn[] = [];
    do {
      turns.push({
        question: text(unique ? shape.uniqueTokens : shape.questionTokens),
        answer: text(shape.answerTokens),
        thinkMs: turns.length === 0 ? 0 : exponential(random, shape.thinkMs),
      });
    } while (!unique && random() < 1 - 1 / shape.turns);
    conversations.push({ id: conversations.length, startsAt, system, turns });
    requests += turns.length;
  }
  return conversations;
}

/** What a client sends with its n-th question. */
export function messagesOf({ system, turns }: Conversation, turn: number): readonly Message[] {
  const messages: Message[] = system === null ? [] : [{ role: 'system', content: system }];
  for (const { question, answer } of turns.slice(0, turn)) {
    messages.push({ role: 'user', content: question }, { role: 'assistant', content: answer });
  }
  messages.push({ role: 'user', content: turns[turn]?.question ?? '' });
  return messages;
}

/** Words that nobody else has. */
function words(random: Random, tokens: number): string {
  let text = '';
  while (text.length < tokens * bytesPerToken) {
    text += `${Math.floor(random() * 2 ** 32).toString(36)} `;
  }
  return text.slice(0, tokens * bytesPerToken);
}
