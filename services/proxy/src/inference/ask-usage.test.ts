import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { askForUsage, spliced } from './ask-usage.ts';
import { scanBody } from './model-name.ts';

/** What goes to the engine; or who asks, where that is not us. */
function ask(text: string): string {
  const body = Buffer.from(text);
  const scan = scanBody(body);
  if (!scan.valid) throw new Error('the body is not valid');
  const who = askForUsage(body, scan.streamOptions);
  return typeof who === 'string' ? who : spliced(body, who).toString();
}

describe('usage is asked for', () => {
  it.each([
    ['{"stream":true}', '{"stream_options":{"include_usage":true},"stream":true}'],
    [' { "stream" : true } ', ' {"stream_options":{"include_usage":true}, "stream" : true } '],
    [
      '{"stream_options":null,"stream":true}',
      '{"stream_options":{"include_usage":true},"stream":true}',
    ],
    [
      '{"stream":true,"stream_options": {} }',
      '{"stream":true,"stream_options": {"include_usage":true} }',
    ],
    ['{"stream_options":{"include_usage" : false}}', '{"stream_options":{"include_usage" : true}}'],
    ['{"stream_options":{"include_usage":null}}', '{"stream_options":{"include_usage":true}}'],
    [
      '{"stream_options":{ "include_obfuscation":false}}',
      '{"stream_options":{"include_usage":true, "include_obfuscation":false}}',
    ],
    [
      '{"stream_options":{"continuous_usage_stats":false}}',
      '{"stream_options":{"include_usage":true,"continuous_usage_stats":false}}',
    ],
    ['{"str\\u0065am_options":null}', '{"str\\u0065am_options":{"include_usage":true}}'],
    [
      '{"x":{"stream_options":{"include_usage":true}},"y":"\\"stream_options\\""}',
      '{"stream_options":{"include_usage":true},"x":{"stream_options":{"include_usage":true}},"y":"\\"stream_options\\""}',
    ],
  ])('in %s', (body, expected) => {
    expect(ask(body)).toBe(expected);
  });

  it.each([
    '{"stream_options":{"include_usage":true}}',
    '{"stream_options":{"x":[{}],"include_usage" : true , "y":1}}',
    '{"stream_options":{"include_usage":true,"continuous_usage_stats":false}}',
  ])('by its caller in %s', (body) => {
    expect(ask(body)).toBe('caller');
  });

  it.each([
    '{"stream_options":{},"stream_options":{}}',
    '{"stream_options":null,"stream_opt\\u0069ons":{"include_usage":true}}',
    '{"stream_options":[]}',
    '{"stream_options":"include_usage"}',
    '{"stream_options":7}',
    '{"stream_options":{"include_usage":"true"}}',
    '{"stream_options":{"include_usage":1}}',
    '{"stream_options":{"include_usage":{}}}',
    '{"stream_options":{"include_usage":false,"include_usage":true}}',
    '{"stream_options":{"include\\u005fusage":true}}',
    '{"stream_options":{"continuous_usage_stats":true}}',
    '{"stream_options":{"continuous_usage_stats":1,"include_usage":true}}',
  ])('by nobody in %s', (body) => {
    expect(ask(body)).toBe('nobody');
  });

  const options = fc.dictionary(
    fc.oneof(fc.constantFrom('include_usage', 'continuous_usage_stats'), fc.string()),
    fc.oneof(fc.boolean(), fc.constant(null), fc.jsonValue()),
    { noNullPrototype: true },
  );
  const body = fc.dictionary(
    fc.oneof(fc.constantFrom('x', 'messages'), fc.string()),
    fc.jsonValue(),
    {
      noNullPrototype: true,
    },
  );
  const request = fc.tuple(
    body,
    fc.option(fc.oneof(options, fc.jsonValue()), { nil: undefined }),
    fc.constantFrom(undefined, 1, '\t'),
    fc.nat(5),
  );

  it('in whatever JSON, and nothing else is changed', () => {
    fc.assert(
      fc.property(request, ([others, streamOptions, indent, place]) => {
        const { stream_options: _, ...rest } = others;
        const entries: [string, unknown][] = Object.entries({ ...rest, stream: true });
        if (streamOptions !== undefined)
          entries.splice(place, 0, ['stream_options', streamOptions]);
        const text = JSON.stringify(Object.fromEntries(entries), null, indent);
        const asked = ask(text);
        if (asked === 'caller' || asked === 'nobody') return;
        const before = JSON.parse(text);
        expect(JSON.parse(asked)).toEqual({
          ...before,
          stream_options: { ...before.stream_options, include_usage: true },
        });
        const scan = scanBody(Buffer.from(text));
        const who = scan.valid ? askForUsage(Buffer.from(text), scan.streamOptions) : 'nobody';
        if (typeof who === 'string') throw new Error('it was asked a moment ago');
        const [bytes, changed] = [Buffer.from(text), Buffer.from(asked)];
        expect(changed.subarray(0, who.at)).toEqual(bytes.subarray(0, who.at));
        expect(changed.subarray(who.at + who.text.length)).toEqual(bytes.subarray(who.end));
      }),
      { numRuns: 500 },
    );
  });
});
