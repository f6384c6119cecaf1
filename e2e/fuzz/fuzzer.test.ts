import { describe, expect, it } from '@jest/globals';
import { type Case, casesOf, marked } from './cases.ts';
import { growthOf } from './growth.ts';
import { asSeen, difference, isForFront, isRacing, judge } from './judge.ts';
import { fixedOffers } from './offers.ts';
import { shrink } from './shrink.ts';

const plain =
  'POST /p/demo/openai/v1/embeddings HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}';
const ok = (text: string) => `HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\n\r\n${text}`;
const refused = 'HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n';
const mark = 'fz000000001';
const told = (read: string, hangs = false) => ({
  read,
  turns: 1,
  isHasty: false,
  isUnanswered: false,
  hangs,
});
const verdict = (front: string, node: string, text = plain) =>
  judge({ turns: [[text]] }, { front: told(front), node: told(node) }, mark);

describe('the judge', () => {
  it.each([
    ['the same', ok('x'), ok('x'), null],
    ['another date', `${ok('x')}\r\nDate: a\r\n`, `${ok('x')}\r\nDate: b\r\n`, null],
    ['a byte more', ok('x'), ok('xy'), 'the front answers otherwise than node:http'],
    ['an answer that only one has', ok('x') + refused, ok('x'), 'the front answers otherwise'],
    ['a failure of ours', ok('x'), 'HTTP/1.1 502 Bad Gateway\r\n', 'node: answered with 502'],
    [
      'one behind another answer',
      'x',
      `${ok('x')}HTTP/1.1 502 Bad Gateway\r\n`,
      'answered with 502',
    ],
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

  it('lets a request that breaks off be refused for that or for its head, and nothing before it differ', () => {
    const broken = `${plain}GET /x HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nf\r\nabc\r\n`;
    const unknown = 'HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n';
    expect(verdict(ok('x') + refused, ok('x') + unknown, broken)).toBeNull();
    expect(verdict(ok('x') + unknown + refused, ok('x') + refused, broken)).toBeNull();
    expect(verdict(ok('x'), ok('x') + unknown, broken)).toContain('answer otherwise');
    expect(verdict(ok('x') + refused, ok('y') + unknown, broken)).toContain('answer otherwise');
    expect(verdict(ok('x') + refused, ok('x') + ok('y'), broken)).toContain('answer otherwise');
    expect(verdict(ok('x') + refused, ok('x') + unknown, plain)).toContain('answers otherwise');
  });

  it('lets an offer be taken or not where what is around it comes by itself, and only there', () => {
    const offer = 'GET /x HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\n\r\n';
    const taken = `${ok('x')}HTTP/1.1 101 Switching Protocols\r\n\r\n`;
    const both = { front: told(`${taken}a`), node: told(ok('x') + refused) };
    const apart = { turns: [[offer, 'more']] };
    expect([isRacing(apart, both), judge(apart, both, mark)]).toEqual([true, null]);
    const other = { front: told(`${taken}a`), node: told(ok('y') + refused) };
    expect(judge(apart, other, mark)).toContain('answer otherwise');
    const together = { turns: [[`${offer}more`]] };
    expect(isRacing(together, both)).toBe(false);
    expect(judge(together, both, mark)).toContain('answer otherwise');
    const hasty = { ...both, node: { ...both.node, isHasty: true } };
    expect(judge(together, hasty, mark)).toBeNull();
    const bytes = { front: told(`${taken}a`), node: told(`${taken}b`) };
    expect(judge(together, bytes, mark)).toContain('answer otherwise');
  });

  it('lets a request that asks for no more than its head be answered or refused where it breaks off', () => {
    const broken = ' /x HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nf\r\n';
    const both = { front: told(refused), node: told(ok('x')) };
    expect(judge({ turns: [[`GET${broken}`]] }, both, mark)).toBeNull();
    expect(judge({ turns: [[`POST${broken}`]] }, both, mark)).toContain('answer otherwise');
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

  it('are offers of WebSocket, too: by themselves, behind others, in pieces, and behind whole reads', () => {
    const offers = casesOf(1, 2000)
      .map(({ turns }) => turns.flat())
      .filter((packets) => /\r\nupgrade: websocket\r\n/.test(packets.join('')));
    const alone = offers.filter(
      (packets) => packets.length === 1 && /^GET [^ ]+ HTTP/.test(packets[0] ?? ''),
    );
    const apart = offers.filter((packets) => packets.length > 1);
    const large = offers.filter((packets) => packets.some(({ length }) => length > 65_536));
    expect(alone.length).toBeGreaterThan(10);
    expect(apart.length).toBeGreaterThan(50);
    expect(large.length).toBeGreaterThan(5);
  });

  it('fill a read of Node to its last byte before what failed once', () => {
    for (const [, [packet = ''] = []] of fixedOffers) {
      const sent = marked({ turns: [[packet]] }, mark).turns[0]?.[0] ?? '';
      expect(sent.slice(65_536)).toMatch(/^GET \/health HTTP\/1\.1\r\nhost: y\r\n\r\nGET \/x /);
    }
    expect(fixedOffers.length).toBeGreaterThan(2);
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
  const shareSize = 2500;
  /** A process in the middle of others: it sends half of 200,000. @param noise of the same values each time */
  const series = (bytesEach: number, noise: number, more = (_index: number) => 0, shares = 40) => {
    let random = 7;
    return Array.from({ length: shares }, (_, index) => {
      random = (random * 48_271) % 2_147_483_647;
      const requests = (index + 1) * shareSize;
      const shaken = (random / 2_147_483_647 - 0.5) * 2 * noise;
      return { requests, heapBytes: 28 * mib + bytesEach * requests + shaken + more(index) };
    });
  };
  const warmingUp = (index: number) => mib * (2 - 6 / (index + 3));

  it.each([
    ['100 bytes of each request', series(100, 0)],
    ['that, and noise', series(100, 0.5 * mib)],
    ['that, in a quarter of the time', series(100, 0.1 * mib, undefined, 20)],
    ['that, and code that is let go of', series(100, 0.1 * mib, (at) => (at > 25 ? -4 * mib : 0))],
    ['that, after its warm-up', series(100, 0.1 * mib, warmingUp)],
    ['a kilobyte', series(1000, mib)],
  ])('shows: %s', (_, points) => {
    expect(growthOf(points)).toMatch(/^a process keeps \d+ bytes of each request/);
  });

  it.each([
    ['noise', series(0, 0.5 * mib)],
    ['a warm-up', series(0, 0.1 * mib, warmingUp)],
    ['a single point', series(0, 0.1 * mib, (at) => (at === 30 ? 50 * mib : 0))],
    ['something large that is kept once', series(0, 0.1 * mib, (at) => (at > 25 ? 4 * mib : 0))],
    ['code that is let go of', series(0, 0.1 * mib, (at) => (at > 25 ? -4 * mib : 0))],
    ['too few shares to tell', series(1000, 0, undefined, 6)],
  ])('does not show: %s', (_, points) => {
    expect(growthOf(points)).toBeNull();
  });
});
