import { xxHash32 } from '../../packages/domain/src/index.ts';
import { scanBody } from '../../services/proxy/src/inference/model-name.ts';
import type { Belonging } from '../../services/proxy/src/inference/picker.ts';
import { blockTokens } from './kv-cache.ts';
import { bytesPerToken, type Conversation, messagesOf } from './trace.ts';

export const benchModel = 'bench/model';

/** One request of a trace: what its client sends, and what an engine makes of it. */
export interface Prompt {
  /** As the proxy finds it in the body. */
  readonly belonging: Belonging;
  /** Whole blocks of the prompt, each by a hash of everything up to its end. */
  readonly blocks: Int32Array;
  /** The same with its answer. */
  readonly answered: Int32Array;
  readonly promptTokens: number;
  readonly answerTokens: number;
}

/** All requests of a trace, by conversation and turn. */
export function makePrompts(trace: readonly Conversation[]): readonly (readonly Prompt[])[] {
  return trace.map((conversation) =>
    conversation.turns.map(({ answer }, turn) => {
      const messages = messagesOf(conversation, turn);
      const body = Buffer.from(JSON.stringify({ model: benchModel, messages, stream: true }));
      // What a chat template makes of them.
      const text = `${messages.map(({ role, content }) => `<${role}>${content}\n`).join('')}<assistant>`;
      const answered = blocksOf(Buffer.from(text + answer));
      const blockBytes = blockTokens * bytesPerToken;
      return {
        belonging: belongingOf(body, `chat ${conversation.id}`),
        blocks: answered.subarray(0, Math.floor(text.length / blockBytes)),
        answered,
        promptTokens: text.length / bytesPerToken,
        answerTokens: answer.length / bytesPerToken,
      };
    }),
  );
}

function belongingOf(body: Buffer, session: string): Belonging {
  const scan = scanBody(body);
  if (!scan.valid || scan.model === null) throw new Error('the body of a trace is broken');
  const { model, promptFrom, promptTo } = scan;
  return { model, body, promptFrom, promptTo, header: () => session };
}

function blocksOf(bytes: Buffer): Int32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const size = blockTokens * bytesPerToken;
  const blocks = new Int32Array(Math.floor(bytes.length / size));
  let hash = 0;
  for (let index = 0; index < blocks.length; index += 1) {
    hash = xxHash32(view, index * size, (index + 1) * size, hash);
    blocks[index] = hash;
  }
  return blocks;
}
