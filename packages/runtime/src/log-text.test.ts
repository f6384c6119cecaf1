import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { errorText, logText, quoted } from './log-text.ts';
import { createLogger, type Logger } from './logger.ts';

/** Both ways to write a line, at one time of the clock. */
function linesOf(child: boolean, write: (logger: Logger) => void): readonly string[] {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const root = createLogger({ service: 'proxy', level: 'info', destination });
  write(child ? root.child({ worker: 2, token: 'PLANTED' }) : root);
  return lines.map((line) => line.replace(/"time":"[^"]+"/, '"time":"…"'));
}

describe('a line of text', () => {
  test.each([false, true])('is the one that the logger would write (of a child: %s)', (child) => {
    const [own, other, ...more] = linesOf(child, (logger) => {
      logText(logger, 'warn', `,"name":${quoted('a "b"')},"count":2`, 'said "so"');
      logger.warn({ name: 'a "b"', count: 2 }, 'said "so"');
      logText(logger, 'debug', ',"name":1', 'below the level');
    });
    expect(own).toBe(other);
    expect(own).toMatch(/^{"level":"warn","time":"…",.*"msg":.*}\n$/);
    expect(own).not.toContain('PLANTED');
    expect(more).toEqual([]);
  });

  test('has errors as the logger has them', () => {
    const error = new Error('a\n"b"', { cause: new Error('postgres://app:PLANTED@db/x') });
    const [own, other] = linesOf(false, (logger) => {
      logText(logger, 'error', `,"err":${errorText(error)}`, 'failed');
      logger.error({ err: error }, 'failed');
    });
    expect(own).toBe(other);
    expect(own).not.toContain('PLANTED');
  });
});

test('what is quoted is read again as it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(JSON.parse(quoted(text))).toBe(text);
      expect(quoted(text)).toBe(JSON.stringify(text));
    }),
  );
  expect(quoted('\ud800\u0000"')).toBe(JSON.stringify('\ud800\u0000"'));
});
