import { describe, expect, it } from '@jest/globals';
import { AppError, type ErrorCode } from '@wakefield/domain';
import { closeFrame } from './close-frame.ts';

describe('a frame that closes a session', () => {
  it.each<[ErrorCode, number]>([
    ['shutting_down', 1001],
    ['total_timeout', 1008],
    ['between_bytes_timeout', 1008],
    ['upstream_error', 1011],
  ])('says why: %s is %d', (code, closeCode) => {
    const frame = closeFrame(new AppError(code, 'Words.'));
    expect([...frame.subarray(0, 2)]).toEqual([0x88, 7 + 1]);
    expect(frame.readUInt16BE(2)).toBe(closeCode);
    expect(frame.toString('utf8', 4)).toBe('Words.');
  });

  it.each([
    ['x'.repeat(500), 123],
    [`${'x'.repeat(122)}ä`, 122],
    ['ł'.repeat(200), 122],
    [`${'x'.repeat(120)}€€`, 123],
  ])('is never too long, nor ends in the middle of a character', (message, length) => {
    const frame = closeFrame(new AppError('upstream_error', message));
    expect(frame).toHaveLength(4 + length);
    expect(frame[1]).toBe(2 + length);
    expect(message.startsWith(frame.toString('utf8', 4))).toBe(true);
  });
});
