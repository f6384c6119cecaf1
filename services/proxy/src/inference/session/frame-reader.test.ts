import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FrameReader } from './frame-reader.ts';

interface Frame {
  readonly opcode: number;
  readonly isLast: boolean;
  readonly payload: Buffer;
  readonly isMasked: boolean;
}

/** A frame as RFC 6455 §5.2 has it. */
function bytesOf({ opcode, isLast, payload, isMasked }: Frame): Buffer {
  const { length } = payload;
  const short = length < 126 ? length : length < 65_536 ? 126 : 127;
  const head = Buffer.alloc(2 + (short === 127 ? 8 : short === 126 ? 2 : 0) + (isMasked ? 4 : 0));
  head[0] = (isLast ? 0x80 : 0) | opcode;
  head[1] = (isMasked ? 0x80 : 0) | short;
  if (short === 126) head.writeUInt16BE(length, 2);
  if (short === 127) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}

function readerOf() {
  const messages: string[] = [];
  let text = '';
  const reader = new FrameReader({
    text: (piece) => {
      text += piece.toString('latin1');
    },
    textOver: () => {
      messages.push(text);
      text = '';
    },
  });
  return { reader, messages };
}

const frame = (opcode: number, payload: string, isLast = true): Frame => ({
  opcode,
  isLast,
  payload: Buffer.from(payload, 'latin1'),
  isMasked: false,
});
const join = (...frames: readonly Frame[]) => Buffer.concat(frames.map(bytesOf));

const payload = fc.oneof(
  { weight: 8, arbitrary: fc.uint8Array({ maxLength: 300 }) },
  fc.constant(new Uint8Array(70_000).fill(0x61)),
);
const anyFrame = fc.record({
  opcode: fc.constantFrom(0x1, 0x2, 0x9, 0xa),
  isLast: fc.constant(true),
  payload: payload.map((bytes) => Buffer.from(bytes)),
  isMasked: fc.boolean(),
});

describe('frames on their way', () => {
  it('are told from each other wherever the network has cut them', () => {
    fc.assert(
      fc.property(
        fc.array(anyFrame, { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 20 }),
        (frames, cuts) => {
          const { reader, messages } = readerOf();
          const bytes = Buffer.concat(frames.map(bytesOf));
          const ends = new Set<number>([0]);
          for (let end = 0, index = 0; index < frames.length; index += 1) {
            end += bytesOf(frames[index] as Frame).length;
            ends.add(end);
          }
          for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
            const next = Math.min(bytes.length, at + (cuts[turn % cuts.length] ?? 1));
            reader.read(bytes.subarray(at, next));
            at = next;
            expect(reader.atBoundary).toBe(ends.has(at));
          }
          const texts = frames.filter(({ opcode }) => opcode === 0x1);
          expect(messages).toEqual(texts.map((one) => one.payload.toString('latin1')));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('make one message of several, with others in between', () => {
    const { reader, messages } = readerOf();
    reader.read(join(frame(0x1, 'a', false), frame(0x9, 'ping'), frame(0x0, 'b', false)));
    expect(messages).toEqual([]);
    reader.read(join(frame(0x0, 'c'), frame(0x2, 'x', false), frame(0x0, 'y'), frame(0x1, '')));
    expect(messages).toEqual(['abc', '']);
  });

  it('say goodbye by one of them', () => {
    const { reader } = readerOf();
    const bytes = join(frame(0x1, 'a'), frame(0x8, '\x03\xe8'));
    reader.read(bytes.subarray(0, -1));
    expect(reader.hasClosed).toBe(false);
    reader.read(bytes.subarray(-1));
    expect([reader.hasClosed, reader.atBoundary]).toEqual([true, true]);
  });

  it('are nothing to be spoken between when their lengths cannot be counted', () => {
    const { reader, messages } = readerOf();
    reader.read(Buffer.from('817fffffffffffffffff6161', 'hex'));
    reader.read(join(frame(0x1, 'a')));
    expect([reader.atBoundary, messages]).toEqual([false, []]);
  });
});
