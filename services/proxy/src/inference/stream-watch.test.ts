import { describe, expect, it } from '@jest/globals';
import { StreamWatch } from './stream-watch.ts';

const chunk = (content: string, finish: string | null): string =>
  `data: {"choices":[{"index":0,"delta":{"content":${JSON.stringify(content)}},"finish_reason":${JSON.stringify(finish)}}]}\n\n`;
const done = 'data: [DONE]\n\n';
const dying = 'data: {"error":{"message":"EngineCore encountered an issue.","code":500}}\n\n';

/** What a client gets to see of a stream that comes in pieces of this size, and what is found. */
function watch(text: string, size: number) {
  const bytes = Buffer.from(text);
  const stream = new StreamWatch();
  const passed: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const piece = bytes.subarray(at, at + size);
    const found = stream.inspect(piece);
    if (found === 'ended' || found === 'died') {
      passed.push(piece.subarray(0, stream.cleanBytes));
      return { found, passed: Buffer.concat(passed).toString() };
    }
    passed.push(piece);
  }
  return { found: 'clean', passed: Buffer.concat(passed).toString() };
}

describe('a stream', () => {
  const words = chunk('Grüße 🙂', null) + chunk(' "abort"', null);

  it.each(['stop', 'length', 'tool_calls'])(
    'that ends with %s is clean however it is cut',
    (why) => {
      const text = words + chunk('{"error"', why) + done;
      for (let size = 1; size < text.length; size += 1) {
        expect(watch(text, size)).toEqual({ found: 'clean', passed: text });
      }
    },
  );

  it('that its engine gave up is found however it is cut, and never gets its end', () => {
    const text = words + chunk('', 'abort') + done;
    for (let size = 1; size < text.length; size += 1) {
      const { found, passed } = watch(text, size);
      expect(found).toBe('ended');
      expect(passed.startsWith(words)).toBe(true);
      expect(passed).not.toContain('[DONE]');
    }
  });

  it('of blanks and other choices is no different', () => {
    const text = 'data: {"choices": [{"index": 1, "finish_reason": "abort"}]}\r\n\r\n';
    expect(watch(words + text, 1000)).toEqual({ found: 'ended', passed: words });
  });

  it('of an engine whose core is gone ends in front of its error', () => {
    expect(watch(words + dying + done, 10_000)).toEqual({ found: 'died', passed: words });
  });

  it('knows whether it stands between two events', () => {
    const stream = new StreamWatch();
    const at = (text: string): boolean => {
      stream.inspect(Buffer.from(text));
      return stream.atBoundary;
    };
    expect(['data: {}', '\n', '\n', 'data', ': x\r\n', '\r', '\n'].map(at)).toEqual([
      false,
      false,
      true,
      false,
      false,
      false,
      true,
    ]);
  });
});
