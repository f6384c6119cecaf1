import { describe, expect, test } from '@jest/globals';
import { createDemandBook } from './demand.ts';

function bookAt(): { book: ReturnType<typeof createDemandBook>; pass(ms: number): void } {
  let now = 1_000_000;
  const book = createDemandBook(
    () => now,
    () => undefined,
  );
  return {
    book,
    pass: (ms) => {
      now += ms;
    },
  };
}

describe('the average of running and held requests', () => {
  test('comes near a steady load within half a minute, and goes away as fast', () => {
    const { book, pass } = bookAt();
    for (let count = 0; count < 10; count += 1) book.begin('m', `j${count % 2}`);
    pass(3_000);
    expect(averageOf(book)).toBeCloseTo(10 * (1 - Math.exp(-0.3)));
    pass(27_000);
    expect(averageOf(book)).toBeGreaterThan(9.5);
    for (let count = 0; count < 10; count += 1) book.end('m', `j${count % 2}`);
    pass(30_000);
    expect(averageOf(book)).toBeLessThan(0.5);
  });

  test('a burst of a moment hardly moves it', () => {
    const { book, pass } = bookAt();
    for (let count = 0; count < 20; count += 1) book.begin('m', 'j');
    pass(100);
    for (let count = 0; count < 20; count += 1) book.end('m', 'j');
    expect(averageOf(book)).toBeLessThan(0.21);
  });

  test('does not depend on how often it is asked for', () => {
    const [often, seldom] = [bookAt(), bookAt()];
    for (const { book } of [often, seldom]) book.hold('m');
    for (let step = 0; step < 50; step += 1) {
      often.pass(100);
      averageOf(often.book);
    }
    seldom.pass(5_000);
    expect(averageOf(often.book)).toBeCloseTo(averageOf(seldom.book), 10);
    expect(averageOf(seldom.book)).toBeCloseTo(1 - Math.exp(-0.5), 10);
  });

  test('a clock that is set back neither breaks it nor makes it leap', () => {
    const { book, pass } = bookAt();
    book.begin('m', 'j');
    pass(10_000);
    const before = averageOf(book);
    pass(-60_000);
    expect(averageOf(book)).toBe(before);
    pass(1_000);
    expect(averageOf(book)).toBeGreaterThan(before);
    expect(averageOf(book)).toBeLessThan(1);
  });
});

describe('the peak of the average', () => {
  test('is seen by who looks a quarter of a minute later, and gone after some minutes', () => {
    const { book, pass } = bookAt();
    for (let count = 0; count < 10; count += 1) book.hold('m');
    pass(30_000);
    const highest = averageOf(book);
    for (let count = 0; count < 10; count += 1) book.release('m');
    pass(15_000);
    expect(averageOf(book)).toBeLessThan(0.3 * highest);
    expect(peakOf(book)).toBeGreaterThan(0.75 * highest);
    pass(300_000);
    expect(peakOf(book)).toBeLessThan(0.01 * highest);
  });

  test('is the average while it rises', () => {
    const { book, pass } = bookAt();
    book.hold('m');
    pass(5_000);
    expect(peakOf(book)).toBe(averageOf(book));
  });
});

function peakOf(book: ReturnType<typeof createDemandBook>): number {
  return book.snapshot().models.get('m')?.peak ?? Number.NaN;
}

function averageOf(book: ReturnType<typeof createDemandBook>): number {
  return book.snapshot().models.get('m')?.average ?? Number.NaN;
}
