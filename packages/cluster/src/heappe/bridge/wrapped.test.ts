import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PlainFromStream } from './plain-from-stream.ts';

describe('an answer that HEAppE 6.1.0 to 6.2.1 has cut into events', () => {
  /** As HttpPostToJobNodeStreamAsync does it. */
  function wrapped(body: string, size = 256): Buffer {
    const bytes = Buffer.from(body);
    const pieces: string[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      pieces.push(`data: ${bytes.toString('utf8', at, at + size)}\n\n`);
    }
    return Buffer.from(pieces.join(''));
  }
  const unwrap = (body: string, size?: number) => {
    const maker = new PlainFromStream('chat');
    maker.push(wrapped(body, size));
    return maker.outcome();
  };
  const answer = (content: string) =>
    JSON.stringify({ object: 'chat.completion', choices: [{ index: 0, message: { content } }] });

  test('is put together again', () => {
    const long = answer('data: Error: '.repeat(100));
    expect(unwrap(long)).toEqual({ kind: 'answer', body: long });
    expect(unwrap(answer('hi'))).toEqual({ kind: 'answer', body: answer('hi') });
    expect(unwrap(long.slice(0, 700))).toEqual({ kind: 'cut' });
  });

  test('is never passed off as whole when a character was lost', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 200 }).filter((text) => !text.includes('\ufffd')),
        fc.integer({ min: 1, max: 256 }),
        (content, size) => {
          const body = answer(content);
          const outcome = unwrap(body, size);
          if (outcome.kind === 'answer') expect(JSON.parse(outcome.body)).toEqual(JSON.parse(body));
          else expect(outcome.kind).toBe('mangled');
        },
      ),
    );
  });
});
