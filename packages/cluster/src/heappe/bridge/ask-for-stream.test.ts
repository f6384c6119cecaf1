import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { askForStream, streamedKind } from './ask-for-stream.ts';

describe('asking for a stream', () => {
  test.each([
    ['{}', '{"stream":true,"stream_options":{"include_usage":true}}'],
    [
      ' {"model":"m", "seed":12345678901234567890 } ',
      ' {"model":"m", "seed":12345678901234567890 ,"stream":true,"stream_options":{"include_usage":true}}',
    ],
    [
      '{"stream":false,"stream_options":{"x":1,"include_usage":false}}',
      '{"stream":false,"stream_options":{"x":1,"include_usage":false},"stream":true,"stream_options":{"x":1,"include_usage":true}}',
    ],
  ])('%s', (payload, asked) => {
    expect(askForStream(payload)).toBe(asked);
  });

  test.each(['{"stream":true}', '[]', 'null', '"{}"', '{', ''])('%s stays as it is', (payload) => {
    expect(askForStream(payload)).toBeNull();
  });

  test('changes nothing else', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()).filter(({ stream }) => stream !== true),
        fc.constantFrom(undefined, 2),
        (request, space) => {
          const payload = JSON.stringify(request, null, space);
          const asked: unknown = JSON.parse(askForStream(payload) ?? '');
          expect(asked).toMatchObject({ stream: true, stream_options: { include_usage: true } });
          const before = { ...JSON.parse(payload), stream: 0, stream_options: 0 };
          expect({ ...(asked as object), stream: 0, stream_options: 0 }).toEqual(before);
        },
      ),
    );
  });

  test.each([
    ['/v1/chat/completions', 'chat'],
    ['/v1/chat/completions?x=1', 'chat'],
    ['/v1/completions', 'text'],
    ['/v1/embeddings', null],
    ['/v1/chat/completionsx', null],
  ])('%s: %s', (path, kind) => {
    expect(streamedKind(path)).toBe(kind);
  });
});
