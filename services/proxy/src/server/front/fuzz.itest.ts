import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Outcome, useBothPaths } from '../../../test/both-paths.ts';
import { oddRequest, oddRequests } from '../../../test/odd-requests.ts';
import { talkative } from '../../../test/talkative.ts';

const paths = useBothPaths(talkative);
/** FRONT_FUZZ_RUNS=10000 for more than every run of the tests can wait for. */
const numRuns = Number(process.env.FRONT_FUZZ_RUNS ?? 150);
const limitMs = 60_000 + numRuns * 500;

const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 4 });

function cutAt(text: string, places: readonly number[]): string[] {
  const sorted = [...new Set(places.map((place) => Math.floor(place * text.length)))].sort(
    (a, b) => a - b,
  );
  return [0, ...sorted].map((from, index) => text.slice(from, sorted[index])).filter(Boolean);
}

/**
 * Without what depends on how much of it is read at once: whether the last refusals of a connection are told, and what
 * the answer before says of its connection (docs/adr/0018-a-front-of-our-own.md).
 */
function withoutLastWords({ read, engine, api }: Outcome): Outcome {
  const answers = read
    .replaceAll(/\r\n(?:Connection|Keep-Alive): [^\r]+/g, '')
    .replace(/(?:HTTP\/1\.1 4(?:00|31) (?:(?!HTTP\/1\.1 \d{3} ).)*)+$/s, '');
  return { read: answers, engine, api };
}

describe('whatever comes', () => {
  it(
    'in one packet, it is answered alike by both',
    async () => {
      let byFront = 0;
      await fc.assert(
        fc.asyncProperty(oddRequests, async (text) => {
          const { front, node, yielded } = await paths.send([text]);
          expect(withoutLastWords(front)).toEqual(withoutLastWords(node));
          if (yielded !== null) return;
          expect(front).toEqual(node);
          byFront += 1;
        }),
        { numRuns },
      );
      expect(byFront).toBeGreaterThan(numRuns / 50);
    },
    limitMs,
  );

  it(
    'in several packets, it is answered alike by both, and none sees more than the other',
    async () => {
      await fc.assert(
        fc.asyncProperty(oddRequests, cuts, async (text, places) => {
          const { front, node } = await paths.send(cutAt(text, places));
          expect(withoutLastWords(front)).toEqual(withoutLastWords(node));
        }),
        { numRuns },
      );
    },
    limitMs,
  );

  it(
    'one after the other, each is answered alike by both',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(oddRequest, { minLength: 2, maxLength: 4 }), async (texts) => {
          const { front, node } = await paths.send(...texts.map((text) => [text]));
          expect(withoutLastWords(front)).toEqual(withoutLastWords(node));
        }),
        { numRuns },
      );
    },
    limitMs,
  );
});
