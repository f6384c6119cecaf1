import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { type Simulator, startSimulator } from './simulator.ts';

type Event = Readonly<Record<string, unknown>>;

let simulator: Simulator;
const model = 'acme/speech';

beforeAll(async () => {
  simulator = await startSimulator({ models: [model], key: 'right' });
});

afterAll(() => simulator.close());

/** A session, and its events in order. */
async function open(key = 'right') {
  const headers = { authorization: `Bearer ${key}` };
  const client = new WebSocket(`${simulator.url}/v1/realtime`, { headers });
  const events: Event[] = [];
  let heard = Promise.withResolvers<void>();
  client.on('message', (data) => {
    events.push(JSON.parse(String(data)) as Event);
    heard.resolve();
  });
  await once(client, 'open');
  return {
    client,
    say: (event: object | string) =>
      client.send(typeof event === 'string' ? event : JSON.stringify(event)),
    next: async (): Promise<Event> => {
      while (events.length === 0) {
        await heard.promise;
        heard = Promise.withResolvers<void>();
      }
      return events.shift() ?? {};
    },
  };
}

/** So many tokens of silence. */
const audio = (tokens: number) => Buffer.alloc(tokens * 2560).toString('base64');

describe('a session of transcription', () => {
  test('from its creation to the end of an utterance, and to the next', async () => {
    const { say, next, client } = await open();
    expect(await next()).toMatchObject({
      type: 'session.created',
      id: expect.stringMatching(/^sess-/),
    });
    say({ type: 'session.update', model });
    for (const tokens of [3, 1]) {
      say({ type: 'input_audio_buffer.commit' });
      say({ type: 'input_audio_buffer.append', audio: audio(tokens) });
      say({ type: 'input_audio_buffer.commit', final: true });
      const deltas: unknown[] = [];
      for (let count = 0; count < tokens; count += 1) deltas.push((await next()).delta);
      expect(await next()).toMatchObject({
        type: 'transcription.done',
        text: deltas.join(''),
        usage: { prompt_tokens: tokens, completion_tokens: tokens, total_tokens: 2 * tokens },
      });
    }
    client.terminate();
  });

  test.each([
    ['{', 'invalid_json'],
    [{ type: 'dance' }, 'unknown_event'],
    [{ type: 'input_audio_buffer.commit' }, 'model_not_validated'],
    [{ type: 'input_audio_buffer.append', audio: '' }, 'invalid_audio'],
    [{ type: 'session.update', model: 'acme/other' }, 'processing_error'],
  ])('says what is wrong with %j', async (event, code) => {
    const { say, next, client } = await open();
    await next();
    say(event);
    expect(await next()).toMatchObject({ type: 'error', code });
    client.terminate();
  });

  test('is not for who has another key', async () => {
    await expect(open('wrong')).rejects.toThrow('403');
  });

  test('ends with its engine', async () => {
    const other = await startSimulator({ models: [model] });
    const client = new WebSocket(`${other.url}/v1/realtime`);
    await once(client, 'open');
    const closed = once(client, 'close');
    await other.close();
    expect((await closed)[0]).toBe(1006);
  });
});
