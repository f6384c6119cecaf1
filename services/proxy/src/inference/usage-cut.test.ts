import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import type { EngineHabits } from './engine-habits.ts';
import { UsageCut } from './usage-cut.ts';

const head = '"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"a/b"';
const usage = '"usage":{"prompt_tokens":12,"total_tokens":19,"completion_tokens":7}';
const fingerprint = '"system_fingerprint":"vllm-0.29.0-0a1b2c3d"';
const event = (...members: readonly string[]) =>
  `data: {${[head, ...members.filter((member) => member !== '')].join(',')}}\n\n`;
const choice = (text: string, finish: string | null = null) =>
  `"choices":[{"index":0,"delta":${JSON.stringify({ content: text })},"logprobs":null,"finish_reason":${JSON.stringify(finish)}}]`;
const done = 'data: [DONE]\n\n';

/** How an engine writes streams. */
interface Engine {
  /** `"usage":null` in each chunk: `asked`, where usage was asked for; `always`. */
  readonly nulls: 'never' | 'asked' | 'always';
  readonly fingerprint: boolean;
}

/** The same stream with usage asked for, and without. */
function streams(words: readonly string[], { nulls, fingerprint: has }: Engine) {
  const isNull = (asked: boolean) =>
    nulls === 'always' || (nulls === 'asked' && asked) ? '"usage":null' : '';
  const written = (asked: boolean) => [
    ...words.map((word) => event(choice(word), isNull(asked))),
    event(choice('', 'stop'), isNull(asked), has && !asked ? fingerprint : ''),
    ...(asked ? [event('"choices":[]', usage, has ? fingerprint : '')] : []),
    done,
  ];
  return { asked: written(true), unasked: written(false).join('') };
}

const newHabits = (): EngineHabits => ({ refusesUsage: false, fingerprint: undefined });

function cutInPieces(text: string, cuts: readonly number[], cut: UsageCut) {
  const bytes = Buffer.from(text);
  const places = [...cuts.map((place) => place % (bytes.length + 1)), 0, bytes.length];
  places.sort((a, b) => a - b);
  const out: Buffer[] = [];
  for (const [index, place] of places.entries()) {
    const next = places[index + 1];
    if (next !== undefined) out.push(Buffer.from(cut.take(bytes.subarray(place, next))));
  }
  out.push(cut.rest());
  return Buffer.concat(out).toString();
}

const words = fc.array(
  fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('"usage":{}', 'data: [DONE]\n\n', '\\"'),
  ),
  { maxLength: 5 },
);
const engine: fc.Arbitrary<Engine> = fc.record({
  nulls: fc.constantFrom('never', 'asked', 'always'),
  fingerprint: fc.boolean(),
});
const cuts = fc.array(fc.nat(), { maxLength: 12 });

describe('usage that only we asked for', () => {
  it('leaves no trace in a stream, whatever the network makes of it', () => {
    fc.assert(
      fc.property(words, engine, cuts, cuts, (texts, how, first, second) => {
        const { asked, unasked } = streams(texts, how);
        const habits = newHabits();
        const removesNulls = how.nulls === 'asked';
        for (const places of [first, second]) {
          const cut = new UsageCut(habits, removesNulls);
          expect(cutInPieces(asked.join(''), places, cut)).toBe(unasked);
          expect(cut.usage).toEqual({ prompt: 12, completion: 7, cached: 0 });
        }
      }),
      { numRuns: 500 },
    );
  });

  it('comes to an end, and changes nothing, wherever an engine breaks its lines', () => {
    const parts = ['\n', '\r\n', '\n\n', 'data: {"choices":[],"usage":null}', 'x'];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...parts)), cuts, (text, places) => {
        const stream = text.join('');
        expect(cutInPieces(stream, places, new UsageCut(newHabits(), false))).toBe(stream);
      }),
      { numRuns: 500 },
    );
    const cut = new UsageCut(newHabits(), true);
    expect(cutInPieces(`${event('"choices":[]', '"usage":null')}\n`, [], cut)).toBe(
      `${event('"choices":[]')}\n`,
    );
  });

  /** How many events are out after each one that came, and whether they are the right ones. */
  function sentAfterEach(asked: readonly string[], unasked: string, cut: UsageCut): number[] {
    let sent = '';
    return asked.map((one) => {
      sent += cut.take(Buffer.from(one)).toString();
      expect(unasked.startsWith(sent)).toBe(true);
      return sent.split('\n\n').length - 1;
    });
  }

  it('keeps no chunk back, but the last one until the first usage of an engine is known', () => {
    fc.assert(
      fc.property(words, engine, (texts, how) => {
        const { asked, unasked } = streams(texts, how);
        const habits = newHabits();
        const first = sentAfterEach(asked, unasked, new UsageCut(habits, how.nulls === 'asked'));
        const second = sentAfterEach(asked, unasked, new UsageCut(habits, how.nulls === 'asked'));
        const count = texts.length;
        const beforeLast = texts.map((_, index) => index + 1);
        expect(first).toEqual([...beforeLast, count, count + 1, count + 2]);
        expect(second).toEqual([...beforeLast, count + 1, count + 1, count + 2]);
      }),
    );
  });

  it('is passed on where the engine tells it on its own account', () => {
    const stream = [
      event(choice('a'), usage),
      event(choice('', 'stop'), usage),
      event('"choices":[]', usage),
      done,
    ];
    const cut = new UsageCut(newHabits(), true);
    expect(cutInPieces(stream.join(''), [], cut)).toBe(stream.join(''));
    expect(cut.usage).toBeNull();
  });

  it('does not touch what only looks like it', () => {
    const odd = [
      'event: ping\ndata: {"choices":[],"usage":{}}\n\n',
      ': "usage"\n\n',
      'data: {"choices":[],"usage":"none"}\n\n',
      'data: {"choices":[],"usage":{}\n\n',
      'data: {"usage":null,"choices":[{}]}\n\n',
      'data: {"choices":[{"usage":null}],"x":1}\n\n',
      'data: ["usage"]\n\n',
      'data: "usage"\r\n\r\n',
      done,
      'data: {"usage":nul',
    ].join('');
    for (let size = 1; size < odd.length; size += 1) {
      const cut = new UsageCut(newHabits(), true);
      const places = Array.from(
        { length: Math.floor(odd.length / size) },
        (_, index) => index * size,
      );
      expect(cutInPieces(odd, places, cut)).toBe(odd);
    }
  });

  it('is found behind lines that end with CRLF', () => {
    const { asked, unasked } = streams(['a', 'b'], { nulls: 'asked', fingerprint: true });
    const crlf = (text: string) => text.replaceAll('\n\n', '\r\n\r\n');
    const bytes = crlf(asked.join(''));
    for (let at = 0; at < bytes.length; at += 1) {
      expect(cutInPieces(bytes, [at], new UsageCut(newHabits(), true))).toBe(crlf(unasked));
    }
  });

  it('is found behind an event of any size, of which no more than a beginning is kept', () => {
    const long = 'x'.repeat(300_000);
    const { asked, unasked } = streams(['a', long, 'b'], { nulls: 'never', fingerprint: false });
    const bytes = Buffer.from(asked.join(''));
    for (const size of [997, 65_536, 100_001]) {
      const cut = new UsageCut(newHabits(), false);
      let sent = 0;
      const out: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        const piece = Buffer.from(cut.take(bytes.subarray(at, at + size)));
        sent += piece.length;
        out.push(piece);
        const come = Math.min(at + size, bytes.length);
        expect(come - sent).toBeLessThan(66_000);
      }
      out.push(cut.rest());
      expect(Buffer.concat(out).toString()).toBe(unasked);
    }
  });

  it('costs no more for coming in many pieces: nothing is copied or searched again and again', () => {
    const long = `data: {"id":"${'x'.repeat(35_000)}"`;
    const breaks = '\r'.repeat(5000);
    const { asked, unasked } = streams(['b'], { nulls: 'never', fingerprint: false });
    const stream = Buffer.from(`${long}}\n\n${long}${long}${breaks}}\n\n${asked.join('')}`);
    const cut = new UsageCut(newHabits(), false);
    const spies = [
      jest.spyOn(Buffer, 'concat'),
      jest.spyOn(Buffer.prototype, 'indexOf'),
      jest.spyOn(Buffer.prototype, 'lastIndexOf'),
    ] as const;
    const out: Buffer[] = [];
    for (let at = 0; at < stream.length; at += 1) out.push(cut.take(stream.subarray(at, at + 1)));
    const touched = [
      ...spies[0].mock.results.map(({ value }) => value as Buffer),
      ...(spies[1].mock.contexts as Buffer[]),
      ...(spies[2].mock.contexts as Buffer[]),
    ].reduce((sum, { length }) => sum + length, 0);
    for (const spy of spies) spy.mockRestore();
    out.push(cut.rest());
    expect(Buffer.concat(out).toString().endsWith(`}\n\n${unasked}`)).toBe(true);
    expect(touched).toBeLessThan(30 * stream.length);
  });

  it('ends between two events where a stream breaks off, with all that was whole', () => {
    const { asked } = streams(['a'], { nulls: 'never', fingerprint: true });
    const [first = '', last = ''] = asked;
    const cut = new UsageCut(newHabits(), false);
    const sent = cut.take(Buffer.from(`${first}${last}data: {"id"`)).toString();
    expect([sent, cut.wholeRest().toString(), cut.atBoundary]).toEqual([first, last, true]);
  });
});
