import { describe, expect, it } from '@jest/globals';
import { type Case, casesOf, marked } from './cases.ts';
import { growthOf } from './growth.ts';
import { asSeen, difference, isForFront, judge } from './judge.ts';
import { shrink } from './shrink.ts';

const plain =
  'POST /p/demo/openai/v1/embeddings HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}';
const ok = (text: string) => `HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\n\r\n${text}`;
const refused = 'HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n';
const mark = 'fz000000001';
const told = (read: string, hangs = false) => ({ read, turns: 1, hangs });
const verdict = (front: string, node: string, text = plain) =>
  judge({ turns: [[text]] }, { front: told(front), node: told(node) }, mark);

describe('the judge', () => {
  it.each([
    ['the same', ok('x'), ok('x'), null],
    ['another date', `${ok('x')}\r\nDate: a\r\n`, `${ok('x')}\r\nDate: b\r\n`, null],
    ['a byte more', ok('x'), ok('xy'), 'the front answers otherwise than node:http'],
    ['an answer that only one has', ok('x') + refused, ok('x'), 'the front answers otherwise'],
    ['a failure of ours', ok('x'), 'HTTP/1.1 502 Bad Gateway\r\n', 'node: answered with 502'],
    ['what is for another', ok('fz000000002'), ok(mark), 'front: reads what is for fz000000002'],
  ])('says of %s', (_, front, node, expected) => {
    const said = verdict(front, node);
    if (expected === null) expect(said).toBeNull();
    else expect(said).toContain(expected);
  });

  it('lets the last refusals differ where the front does not read all of it', () => {
    const two = plain + plain;
    expect(isForFront(plain)).toBe(true);
    expect(isForFront(two)).toBe(false);
    expect(verdict(ok('x') + refused, ok('x'), two)).toBeNull();
    expect(verdict(ok('x') + ok('y'), ok('x'), two)).toContain('answer otherwise');
  });

  it('sees that a connection does not end', () => {
    const one = { turns: [[plain]] };
    expect(judge(one, { front: told('', true), node: told('') }, mark)).toContain('does not end');
  });

  it('compares what engines got, in whatever order', () => {
    expect(difference(['a', 'b'], ['b', 'a'])).toBeNull();
    expect(difference(['a'], ['a', 'b'])).toContain('"b"');
    expect(difference(['a', 'a'], ['a'])).toContain('nothing');
    const seen = (id: string) => `POST / HTTP/1.1\r\nx-request-id: ${id}\r\n\r\n`;
    expect(asSeen(seen('one-0123abcd'))).toBe(asSeen(seen('one-ffffffff')));
    expect(asSeen(seen('one-0123abcd'))).not.toBe(asSeen(seen('two-0123abcd')));
  });
});

describe('cases', () => {
  it('are the same for the same seed, and others for another', () => {
    expect(casesOf(7, 20)).toEqual(casesOf(7, 20));
    expect(casesOf(7, 20)).not.toEqual(casesOf(8, 20));
  });

  it('are many that the front reads and many that it does not', () => {
    const turns = casesOf(1, 500).flatMap((one) => one.turns.map((packets) => packets.join('')));
    const share = turns.filter(isForFront).length / turns.length;
    expect(share).toBeGreaterThan(0.2);
    expect(share).toBeLessThan(0.8);
  });

  it('carry a mark', () => {
    expect(marked({ turns: [[plain]] }, mark).turns[0]?.[0]).toContain(
      `host: x\r\nx-request-id: ${mark}\r\n`,
    );
  });
});

describe('a failing case', () => {
  it('is made as small as it still fails', async () => {
    const failing = { turns: [['before'], ['so', 'me evil ', 'thing'], ['behind']] };
    const fails = async ({ turns }: Case) => /e.*v/.test(turns.flat().join(''));
    expect(await shrink(failing, fails)).toEqual({ turns: [['ev']] });
  });

  it('stays as it is when nothing less fails', async () => {
    const failing = { turns: [['a'], ['b']] };
    const fails = async (one: Case) => one.turns.length === 2;
    expect(await shrink(failing, fails)).toEqual(failing);
  });
});

describe('a process that keeps what it should not', () => {
  const mib = 1024 * 1024;
  it.each([
    ['too few shares to tell', [10, 100], null],
    ['the first ones', [10, 40, 50, 52, 51], null],
    ['more and more', [10, 40, 50, 60, 70, 80], 'grown from 50.0 to 80.0 MiB'],
  ])('shows: %s', (_, heaps, expected) => {
    const said = growthOf(heaps.map((heap) => heap * mib));
    if (expected === null) expect(said).toBeNull();
    else expect(said).toContain(expected);
  });
});
