import { AnswerTail, type Usage } from '../usage.ts';
import type { FrameSink } from './frame-reader.ts';

/** With its quotes: inside of a JSON string those would be escaped. */
const deltaMark = '"delta"';

/**
 * The tokens of a session: what its engine says at the end of each utterance (`transcription.done` of vLLM carries
 * `usage`), added up. Of one that never came to its end there is only the number of its deltas.
 */
export class SessionMeter implements FrameSink {
  /** Of the utterances that are over; null: none is. */
  usage: Usage | null = null;
  /** Deltas whose usage was not told yet. */
  deltas = 0;
  #tail: AnswerTail | null = null;

  text(piece: Buffer): void {
    this.#tail ??= new AnswerTail();
    this.#tail.push(piece);
  }

  textOver(): void {
    const tail = this.#tail;
    // Nothing of a message is kept while the next is waited for.
    this.#tail = null;
    if (tail === null) return;
    const told = tail.usage();
    if (told !== null) this.#add(told);
    else if (tail.includes(deltaMark)) this.deltas += 1;
  }

  #add({ prompt, completion, cached }: Usage): void {
    this.usage = {
      prompt: (this.usage?.prompt ?? 0) + prompt,
      completion: (this.usage?.completion ?? 0) + completion,
      cached: (this.usage?.cached ?? 0) + cached,
    };
    this.deltas = 0;
  }
}
