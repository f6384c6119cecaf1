import fc from 'fast-check';
import {
  behind,
  framing,
  plain,
  understood,
  words,
} from '../../services/proxy/test/ambiguous-requests.ts';
import { key } from '../../services/proxy/test/harness.ts';
import { mutated, oddRequest, oddRequests } from '../../services/proxy/test/odd-requests.ts';
import { sdkRequests } from '../../services/proxy/test/sdk-requests.ts';
import { offering } from './offers.ts';
import { cutAt, host, places } from './packets.ts';

/**
 * What a client sends on one connection. A turn goes out when the answer to the one before is there; its packets, of latin1,
 * each by itself.
 */
export interface Case {
  readonly turns: readonly (readonly string[])[];
}

const target = '/p/demo/openai/v1/chat/completions';

function post(body: string, headers = ''): string {
  return `POST ${target} HTTP/1.1\r\n${host}authorization: Bearer ${key}\r\n${headers}content-length: ${body.length}\r\n\r\n${body}`;
}

/** Bodies that are found out about by the scanner, by the parser, or by neither. */
const bodies = [
  '{"model":"a/b"}',
  '{"model":"a/b","stream":true}',
  '{"model":"a/b","stream":true,"stream_options":{"include_usage":true}}',
  '{"model":"a/b","stream":true,"stream_options":null}',
  '{"messages":[{"role":"user","content":"\\"model\\":\\"c/d\\""}],"model":"a/b"}',
  '{"model":"a\\/b"}',
  '{"\\u006dodel":"a/b"}',
  '{"model":"c/d","model":"a/b"}',
  '{"model":"a/b","model":"c/d"}',
  '{"x":{"model":"c/d"},"model":"a/b"}',
  '{"model":{"model":"a/b"}}',
  '{"model":null}',
  '{"model":"unknown"}',
  '{"model":"a/b","max_tokens":1e999}',
  '{"model":"a/b","max_tokens":-1}',
  '\xef\xbb\xbf{"model":"a/b"}',
  '{"model":"a/b","x":"\xff\xfe"}',
  '{"model":"a/b"} x',
  '[{"model":"a/b"}]',
  `{"model":"a/b","x":${'['.repeat(2000)}${']'.repeat(2000)}}`,
  `{"model":"a/b","x":"${'y'.repeat(70_000)}"}`,
  '{"model":"a/b"',
  'null',
  '"',
  '',
] as const;

const ofLibraries = sdkRequests.map(
  ({ lines }) =>
    `POST ${target} HTTP/1.1\r\n${lines.join('\r\n').replace('<length>', '15')}\r\n\r\n{"model":"a/b"}`,
);
/** What came up before, in tests and from libraries. The longest come by the random ones, too, and cost too much here. */
const corpus = [...framing, ...words, ...behind, ...understood]
  .map(([, bytes]) => bytes)
  .concat(ofLibraries)
  .filter((bytes) => bytes.length < 4000);

const plainRequest = fc.oneof(
  fc.constantFrom(plain, `GET /health HTTP/1.1\r\n${host}\r\n`, ...ofLibraries),
  fc.constantFrom(...bodies).map((body) => post(body)),
  mutated(fc.constantFrom(...bodies.filter(({ length }) => length < 100))).map((body) =>
    post(body),
  ),
);
const anyRequest = fc.oneof(
  { arbitrary: plainRequest, weight: 3 },
  { arbitrary: oddRequests, weight: 3 },
  { arbitrary: fc.constantFrom(...corpus), weight: 1 },
  { arbitrary: mutated(fc.constantFrom(...corpus)), weight: 2 },
);

const turn = fc.oneof(
  { arbitrary: anyRequest.map((text) => [text]), weight: 3 },
  { arbitrary: fc.tuple(anyRequest, places).map(([text, at]) => cutAt(text, at)), weight: 1 },
);
const plainTurns = fc.array(
  plainRequest.map((text) => [text]),
  { maxLength: 7 },
);

/** Most end with what their connection does not survive; before it comes what it does. */
const someCase: fc.Arbitrary<Case> = fc.oneof(
  {
    arbitrary: fc.tuple(plainTurns, turn).map(([before, last]) => ({ turns: [...before, last] })),
    weight: 3,
  },
  {
    arbitrary: fc.array(turn, { minLength: 1, maxLength: 4 }).map((turns) => ({ turns })),
    weight: 3,
  },
  { arbitrary: oddRequest.map((text) => ({ turns: [[text]] })), weight: 3 },
  { arbitrary: offering.map((turns) => ({ turns })), weight: 1 },
);

/** The same ones for the same seed. */
export function casesOf(seed: number, count: number): readonly Case[] {
  return fc.sample(someCase, { seed, numRuns: count });
}

/** A mark that no other case has, where a request has a host of its own: whose bytes are whose shows in them. */
export function marked({ turns }: Case, mark: string): Case {
  const put = (text: string): string => text.replaceAll(host, `${host}x-request-id: ${mark}\r\n`);
  return { turns: turns.map((packets) => packets.map(put)) };
}
