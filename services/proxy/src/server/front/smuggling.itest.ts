import { describe, expect, it } from '@jest/globals';
import { behind, framing, plain, understood, words } from '../../../test/ambiguous-requests.ts';
import { useBothPaths } from '../../../test/both-paths.ts';
import { talkative } from '../../../test/talkative.ts';

const paths = useBothPaths(talkative);

describe('a request that could be read in two ways', () => {
  it.each([...framing, ...words])(
    'is read in one by both, and not by the front: %s',
    async (_, bytes) => {
      const { front, node, yielded } = await paths.send([bytes]);
      expect(front).toEqual(node);
      expect(yielded).not.toBeNull();
    },
  );

  it.each(behind)('is followed by none that only one of both sees: %s', async (_, bytes) => {
    const { front, node, yielded } = await paths.send([bytes]);
    expect(front).toEqual(node);
    expect(yielded).toBe('pipelined');
  });

  it.each([...framing, ...words])(
    'is none behind one that was read by the front: %s',
    async (_, bytes) => {
      const { front, node, yielded } = await paths.send([plain], [bytes]);
      expect(front).toEqual(node);
      expect(yielded).not.toBeNull();
      expect(front.read).toMatch(/^HTTP\/1\.1 200 /);
    },
  );
});

describe('a request that can be read in one way only', () => {
  it.each(understood)('is read by the front: %s', async (_, bytes) => {
    const { front, node, yielded } = await paths.send([bytes]);
    expect(front).toEqual(node);
    expect(yielded).toBeNull();
  });
});

describe('a client that says no more', () => {
  it.each([
    ['at once', ''],
    ['in the middle of a first line', 'POST /p/demo'],
    ['in the middle of a head', plain.slice(0, 60)],
    ['behind a head', plain.slice(0, plain.indexOf('{'))],
    ['in the middle of a body', plain.slice(0, -1)],
    ['in the middle of what is no request', 'POS /'],
    [
      'in the middle of another request',
      `GET /health HTTP/1.1\r\nhost: x\r\n\r\n${plain.slice(0, 60)}`,
    ],
    ['before it is answered', plain],
    ['when it is answered', 'GET /health HTTP/1.1\r\nhost: x\r\n\r\n'],
  ])('is told the same by both: %s', async (_, bytes) => {
    const { front, node } = await paths.sendAndEnd(bytes);
    expect(front).toEqual(node);
  });
});
