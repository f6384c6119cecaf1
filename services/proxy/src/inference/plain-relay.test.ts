import { describe, expect, it } from '@jest/globals';
import { PlainRelay } from './plain-relay.ts';
import type { RelayEnd, RelaySink } from './relay.ts';
import type { Reply } from './reply.ts';

/** An answer that is read, and what of it has reached the client. */
function relaying() {
  const written: Buffer[] = [];
  const ends: RelayEnd[] = [];
  const reply = {
    early: false,
    head: () => undefined,
    write: (bytes: Buffer) => written.push(bytes) > 0,
    end: (bytes?: Buffer) => void (bytes !== undefined && written.push(bytes)),
  } as unknown as Reply;
  const sink = { relayed: (end: RelayEnd) => void ends.push(end) } as unknown as RelaySink;
  const head = { status: 200, headers: [], requestId: 'r' };
  return { relay: new PlainRelay(reply, head, sink, false), written, ends };
}

const usage = '"usage":{"prompt_tokens":12,"completion_tokens":7}}';

describe('an answer in pieces of one byte', () => {
  it.each([
    ['that is looked at', 1000, 1],
    ['that is too large for that', 256 * 1024 - usage.length, 10],
  ])('%s is the same answer, in few pieces', (_, length, most) => {
    const { relay, written, ends } = relaying();
    const answer = Buffer.from(`{"text":"${'x'.repeat(length)}",${usage}`);
    for (let at = 0; at < answer.length; at += 1) relay.data(answer.subarray(at, at + 1));
    const large = written.filter((bytes) => bytes.length > 1);
    relay.end();
    expect(Buffer.concat(written).equals(answer)).toBe(true);
    expect(large.length).toBeLessThanOrEqual(most);
    expect(written.length).toBeLessThan(100);
    expect(ends).toMatchObject([{ outcome: 'complete', usage: { prompt: 12, completion: 7 } }]);
  });
});
