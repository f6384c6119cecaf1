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
