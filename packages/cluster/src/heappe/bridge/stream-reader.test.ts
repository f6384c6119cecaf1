import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { StreamReader } from './stream-reader.ts';

interface Outcome {
  readonly kind: string | null;
  readonly text: string;
  readonly error: string | null;
}

/** Reads bytes in pieces that end at these places. */
function read(bytes: Buffer, cuts: readonly number[] = []): Outcome {
  const reader = new StreamReader();
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  const out: Buffer[] = [];
  let from = 0;
  for (const end of [...ends, bytes.length]) {
    out.push(reader.push(bytes.subarray(from, end)));
    from = end;
  }
  out.push(reader.end());
  return { kind: reader.kind, text: Buffer.concat(out).toString('utf8'), error: reader.error };
}

const event = (payload: unknown) => `data: ${JSON.stringify(payload)}\n\n`;
const chunk = event({ choices: [{ delta: { content: 'Grüße' } }] });
const cuts = fc.array(fc.nat(), { maxLength: 12 });
/** Every word of HEAppE's in what a model says. */
const said = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('data: Error: x', 'data: Error: ', '\n\ndata: Error: x\n\n', 'Validation failed'),
);

describe('what HttpPostToJobNodeStream answers', () => {
  test.each<[string, string, Outcome]>([
    ['events', chunk + chunk, { kind: 'events', text: chunk + chunk, error: null }],
    [
      'events with CRLF',
      'data: {}\r\n\r\ndata: [DONE]\r\n\r\n',
      { kind: 'events', text: 'data: {}\r\n\r\ndata: [DONE]\r\n\r\n', error: null },
    ],
    [
      'a comment first',
      `: ping\n\n${chunk}`,
      { kind: 'events', text: `: ping\n\n${chunk}`, error: null },
    ],
    ['JSON', '{"object":"list"}', { kind: 'plain', text: '{"object":"list"}', error: null }],
    ['nothing', '', { kind: 'plain', text: '', error: null }],
    [
      'an error at once',
      'data: Error: ResponseNotOk\n\n',
      { kind: 'events', text: '', error: 'ResponseNotOk' },
    ],
    [
      'an error behind events',
      `${chunk}data: Error: The response ended prematurely. (ResponseEnded)\n\n`,
      { kind: 'events', text: chunk, error: 'The response ended prematurely. (ResponseEnded)' },
    ],
    [
      'an error in an event',
      `${chunk}data: {"choices":[{"delta":{"codata: Error: gone\n\n`,
      { kind: 'events', text: chunk, error: 'gone' },
    ],
    [
      'an error in the first event',
      'data: {"chdata: Error: gone\n\n',
      { kind: 'events', text: '', error: 'gone' },
    ],
    [
      'an error between the two ends of an event',
      `${chunk}data: {}\ndata: Error: gone\n\n`,
      { kind: 'events', text: chunk, error: 'gone' },
    ],
    [
      'an error of several lines',
      `${chunk}data: Error: first\nsecond\n\n`,
      { kind: 'events', text: chunk, error: 'first\nsecond' },
    ],
    [
      'an error in JSON',
      '{"object":"lisdata: Error: gone\n\n',
      { kind: 'plain', text: '{"object":"lis', error: 'gone' },
    ],
    [
      'a refusal',
      'Validation failed: NodePort must be set\n',
      { kind: 'plain', text: '', error: 'Validation failed: NodePort must be set' },
    ],
    [
      'an event without an end',
      `${chunk}data: [DONE]`,
      { kind: 'events', text: `${chunk}data: [DONE]`, error: null },
    ],
  ])('%s', (_name, sent, outcome) => {
    expect(read(Buffer.from(sent))).toEqual(outcome);
  });

  test.each([20_000, 40_000])('JSON of %d bytes with an error behind it', (length) => {
    const body = `{"data":"${'x'.repeat(length)}`;
    const outcome = read(Buffer.from(`${body}data: Error: gone\n\n`), [10, 9000, 18_000, 19_000]);
    expect(outcome).toEqual({ kind: 'plain', text: body, error: 'gone' });
  });

  test('events come through unchanged wherever they are cut, whatever a model says', () => {
    fc.assert(
      fc.property(fc.array(said, { minLength: 1, maxLength: 6 }), cuts, (texts, at) => {
        const sent = texts.map((content) => event({ choices: [{ delta: { content } }] })).join('');
        expect(read(Buffer.from(sent), at)).toEqual({ kind: 'events', text: sent, error: null });
      }),
    );
  });

  test('plain JSON comes through unchanged wherever it is cut', () => {
    fc.assert(
      fc.property(said, cuts, (content, at) => {
        const sent = JSON.stringify({ choices: [{ message: { content } }] });
        expect(read(Buffer.from(sent), at)).toEqual({ kind: 'plain', text: sent, error: null });
      }),
    );
  });

  test('an error is found wherever the stream broke off, and what is given out ends between two events', () => {
    const words = fc.constantFrom('ResponseNotOk', 'NoActiveConnectionForUser', 'gone: {"a":1}');
    fc.assert(
      fc.property(
        fc.array(said, { minLength: 1, maxLength: 4 }),
        fc.nat(),
        words,
        cuts,
        (texts, brokenAt, error, at) => {
          const whole = Buffer.from(
            texts.map((content) => event({ choices: [{ delta: { content } }] })).join(''),
          );
          const kept = whole.subarray(0, brokenAt % (whole.length + 1));
          const sent = Buffer.concat([kept, Buffer.from(`data: Error: ${error}\n\n`)]);
          const outcome = read(sent, at);
          expect(outcome.error).toBe(error);
          expect(whole.toString().startsWith(outcome.text)).toBe(true);
          // Of so little nobody can tell that it was to be an event stream.
          if (kept.length < 'data:'.length) return;
          expect(outcome.kind).toBe('events');
          expect(outcome.text === '' || outcome.text.endsWith('}\n\n')).toBe(true);
        },
      ),
    );
  });

  test('whole events are given out as soon as they are there', () => {
    const reader = new StreamReader();
    expect(reader.push(Buffer.from(chunk)).toString()).toBe(chunk);
    expect(reader.push(Buffer.from(chunk.slice(0, 30)))).toHaveLength(0);
    expect(reader.push(Buffer.from(chunk.slice(30) + chunk.slice(0, 5))).toString()).toBe(chunk);
  });
});
