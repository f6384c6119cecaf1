import { describe, expect, it } from '@jest/globals';
import { SessionMeter } from './session-meter.ts';

/** Each message in pieces of this size. */
function hear(messages: readonly string[], size = 7): SessionMeter {
  const meter = new SessionMeter();
  for (const message of messages) {
    const bytes = Buffer.from(message);
    for (let at = 0; at < bytes.length; at += size) meter.text(bytes.subarray(at, at + size));
    meter.textOver();
  }
  return meter;
}

const delta = JSON.stringify({ type: 'transcription.delta', delta: 'word' });
const done = (prompt: number, completion: number, text = 'word') =>
  JSON.stringify({
    type: 'transcription.done',
    text,
    usage: { prompt_tokens: prompt, completion_tokens: completion, prompt_tokens_details: null },
  });

describe('the tokens of a session', () => {
  it('are those of its utterances together', () => {
    const { usage, deltas } = hear([delta, delta, done(3, 2), delta, done(5, 1)]);
    expect([usage, deltas]).toEqual([{ prompt: 8, completion: 3, cached: 0 }, 0]);
  });

  it('are the deltas where the engine did not get to tell', () => {
    const { usage, deltas } = hear([delta, done(3, 1), delta, delta, '{"type":"session.created"}']);
    expect([usage, deltas]).toEqual([{ prompt: 3, completion: 1, cached: 0 }, 2]);
    expect(hear(['{"type":"session.created"}'])).toMatchObject({ usage: null, deltas: 0 });
  });

  it('are told at the end of a message, however long it is', () => {
    expect(hear([done(1, 2, 'x'.repeat(100_000))], 4096).usage).toMatchObject({ completion: 2 });
  });

  it('are not what is said to be some in a text', () => {
    const text = '"usage":{"prompt_tokens":9,"completion_tokens":9}';
    expect(hear([JSON.stringify({ type: 'transcription.delta', delta: text })]).usage).toBeNull();
  });
});
