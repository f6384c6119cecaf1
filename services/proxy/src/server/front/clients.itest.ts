import { describe, expect, it } from '@jest/globals';
import { useBothPaths } from '../../../test/both-paths.ts';
import { key } from '../../../test/harness.ts';
import { type SdkRequest, sdkRequests } from '../../../test/sdk-requests.ts';
import { sayingsKnown, talkative } from '../../../test/talkative.ts';

const paths = useBothPaths(talkative);
const chat = '/p/demo/openai/v1/chat/completions';
const plain = '{"model":"a/b","messages":[{"role":"user","content":"hi"}]}';

interface Change {
  readonly line?: string;
  readonly body?: string;
  readonly lines?: (lines: readonly string[]) => readonly string[];
}

/** The packets of a request. */
function packets(sdk: SdkRequest, { line, body = plain, lines = (all) => all }: Change = {}) {
  const headers = lines(sdk.lines).map((one) =>
    one.replace('<length>', String(Buffer.byteLength(body, 'latin1'))),
  );
  const head = `${line ?? `POST ${chat} HTTP/1.1`}\r\n${headers.join('\r\n')}\r\n\r\n`;
  return sdk.apart ? [head, body] : [head + body];
}

const without = (name: string) => (lines: readonly string[]) =>
  lines.filter((line) => !line.toLowerCase().startsWith(`${name}:`));
const cutEvery = (size: number, text: string) =>
  Array.from({ length: Math.ceil(text.length / size) }, (_, index) =>
    text.slice(index * size, (index + 1) * size),
  );

const bodies: readonly (readonly [string, string])[] = [
  ...sayingsKnown.map((say) => [`is told: ${say}`, `{"model":"a/b","say":"${say}"}`] as const),
  ['a stream', '{"model":"a/b","stream":true,"say":"stream"}'],
  ['a model that nobody knows', '{"model":"x/y"}'],
  ['no model', '{}'],
  ['no JSON', '{"model":"a/b"'],
  ['nothing', ''],
  ['bytes that are no ASCII', '{"model":"a/b","text":"h\xc3\xa9"}'],
  ['200 KB', `{"model":"a/b","text":"${'x'.repeat(200_000)}"}`],
];
const targets = [
  '/p/demo/openai/v1/completions',
  '/p/demo/openai/v1/embeddings',
  `${chat}?api-version=2024-10-21&x=`,
  '/p/nobody/openai/v1/chat/completions',
];
const heads: readonly (readonly [string, (lines: readonly string[]) => readonly string[]])[] = [
  ['without a key', without('authorization')],
  [
    'with a wrong key',
    (lines) => lines.map((line) => line.replace(`Bearer ${key}`, 'Bearer other')),
  ],
  ['that is the last', (lines) => [...without('connection')(lines), 'connection: close']],
  ['of an id', (lines) => [...lines, 'X-Request-Id: mine-1']],
  ['of a trace', (lines) => [...lines, `traceparent: 00-${'a1'.repeat(16)}-${'b2'.repeat(8)}-01`]],
  ['of an organization', (lines) => ['OpenAI-Organization: org', 'x-empty:', ...lines]],
  ['with a cookie', (lines) => ['cookie: a=b; c=d', ...lines]],
  ['with the same header twice', (lines) => ['x-a: 1', ...lines, 'X-A: 2']],
];

describe.each(sdkRequests)('$name', (sdk) => {
  const same = async (...turns: readonly (readonly string[])[]) => {
    const { front, node, yielded } = await paths.send(...turns);
    expect(front).toEqual(node);
    expect(yielded).toBeNull();
    return front;
  };

  it.each(bodies)('asks by %s', async (_, body) => {
    await same(packets(sdk, { body }));
  });

  it.each(targets)('asks for %s', async (target) => {
    await same(packets(sdk, { line: `POST ${target} HTTP/1.1` }));
  });

  it.each(heads)('asks %s', async (_, lines) => {
    await same(packets(sdk, { lines }));
  });

  it('asks with a limit of its own, which its engine does not get to see', async () => {
    const limited = (lines: readonly string[]) => [...lines, 'X-Request-Timeout: 60', 'x-own: 1'];
    const { read, engine } = await same(packets(sdk, { lines: limited }));
    expect(read).toMatch(/^HTTP\/1\.1 200 /);
    expect(engine).toEqual([expect.stringContaining('"x-own","1"')]);
    expect(engine.join().toLowerCase()).not.toContain('x-request-timeout');
  });

  it.each(['/p/demo/openai/v1/models', '/p/demo/openai/v1/models/a/b', '/health', '/health?x'])(
    'gets %s',
    async (target) => {
      const lines = without('content-length');
      const [head = ''] = packets(sdk, { line: `GET ${target} HTTP/1.1`, body: '', lines });
      const { read } = await same([head]);
      expect(read).toMatch(/^HTTP\/1\.1 200 /);
    },
  );

  it.each([1, 7, 100])('asks by packets of %d bytes', async (size) => {
    const { read, engine } = await same(cutEvery(size, packets(sdk).join('')));
    expect(read).toMatch(/^HTTP\/1\.1 200 /);
    expect(engine.length).toBeLessThan(2);
  });

  it('asks on and on over one connection', async () => {
    const before = sayingsKnown.filter((say) => !['cut', 'gone', 'latin'].includes(say));
    const asked = before.map((say) => packets(sdk, { body: `{"model":"a/b","say":"${say}"}` }));
    const { engine, read } = await same(...asked);
    expect(engine).toHaveLength(before.length);
    expect(read.match(/HTTP\/1\.1 \d+/g)).toHaveLength(before.length + 1);
  });
});
