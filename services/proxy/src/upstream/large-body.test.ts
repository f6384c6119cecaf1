import { describe, expect, it } from '@jest/globals';
import { letGoOnceSent } from './large-body.ts';

describe('a body on its way to an engine', () => {
  it('is itself when it is small', () => {
    const bytes = Buffer.alloc(1000);
    expect(letGoOnceSent(bytes)).toBe(bytes);
  });

  it('is read once and gone when it is large', () => {
    const bytes = Buffer.alloc(100_000, 'x');
    const body = letGoOnceSent(bytes);
    expect([...body]).toEqual([bytes]);
    expect([...body]).toEqual([]);
  });
});
