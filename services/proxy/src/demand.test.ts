import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createLogger } from '@wakefield/runtime';
import { createDemandBook, createDemandPublisher } from './demand.ts';

function bookAt() {
  let elapsed = 5000;
  let setBy = 1_000_000;
  const clock = { now: () => elapsed + setBy, elapsed: () => elapsed };
  const book = createDemandBook(clock, () => undefined);
  return {
    book,
    clock,
    pass: (ms: number): void => {
      elapsed += ms;
    },
    /** Somebody sets the wall clock. */
    set: (byMs: number): void => {
      setBy += byMs;
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

  test.each([-3_600_000, 3_600_000])(
    'a wall clock that is set by %d ms changes nothing',
    (byMs) => {
      const { book, clock, pass, set } = bookAt();
      book.hold('m');
      set(byMs);
      pass(5_000);
      expect(averageOf(book)).toBeCloseTo(1 - Math.exp(-0.5), 10);
      book.touch('m');
      expect(book.snapshot().models.get('m')?.lastRequestAt).toBe(clock.now());
    },
  );
});

describe('the peak of the average', () => {
  test('is seen by who looks some seconds later, and gone within a minute', () => {
    const { book, pass } = bookAt();
    for (let count = 0; count < 10; count += 1) book.hold('m');
    let highest = 0;
    for (let second = 0; second < 30; second += 1) {
      pass(1_000);
      highest = averageOf(book);
    }
    for (let count = 0; count < 10; count += 1) book.release('m');
    for (let second = 0; second < 20; second += 1) {
      pass(1_000);
      expect(peakOf(book)).toBe(highest);
    }
    for (let second = 0; second < 40; second += 1) {
      pass(1_000);
      averageOf(book);
    }
    expect(peakOf(book)).toBeLessThan(0.1 * highest);
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

describe('the publisher', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  const start = (workMs = 0) => {
    let told = 0;
    let worked = 0;
    const publisher = createDemandPublisher({
      board: {
        publish: async () => {
          told += 1;
        },
        withdraw: async () => undefined,
      },
      proxyId: 'p',
      snapshot: () => {
        worked += workMs;
        return { models: new Map() };
      },
      everyMs: 1000,
      logger: createLogger({ service: 'proxy', level: 'fatal' }),
      elapsed: () => performance.now() + worked,
    });
    publisher.start();
    return { publisher, told: () => told };
  };

  test('tells at once what begins after a pause', async () => {
    const { publisher, told } = start();
    await jest.advanceTimersByTimeAsync(500);
    const before = told();
    publisher.soon();
    await jest.advanceTimersByTimeAsync(1);
    expect(told()).toBe(before + 1);
    await publisher.close();
  });

  test('leaves nearly all of the time to others, however much there is to tell', async () => {
    const { publisher, told } = start(8);
    for (let ms = 0; ms < 4000; ms += 1) {
      publisher.soon();
      await jest.advanceTimersByTimeAsync(1);
    }
    expect(told() * 8).toBeLessThanOrEqual(4000 / 25);
    expect(told()).toBeGreaterThanOrEqual(9);
    await publisher.close();
  });

  test('tells ten times a second at most, and the last of it, too', async () => {
    const { publisher, told } = start();
    for (let ms = 0; ms < 1000; ms += 1) {
      publisher.soon();
      await jest.advanceTimersByTimeAsync(1);
    }
    expect(told()).toBeGreaterThanOrEqual(9);
    expect(told()).toBeLessThanOrEqual(12);
    publisher.soon();
    const before = told();
    await jest.advanceTimersByTimeAsync(100);
    expect(told()).toBe(before + 1);
    await publisher.close();
    await jest.advanceTimersByTimeAsync(5000);
    expect(told()).toBe(before + 1);
  });
});
