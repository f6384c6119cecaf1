import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createLogger } from './logger.ts';
import { turnBatch } from './turn-batch.ts';

let folder: string;
let file: string;
let fd: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wakefield-log-'));
  file = join(folder, 'log');
  fd = openSync(file, 'w');
});
afterEach(() => {
  closeSync(fd);
  rmSync(folder, { recursive: true });
});

const messages = (): string[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line).msg);

describe('a log that is written turn by turn', () => {
  test('is out, in order, when the turn ends', async () => {
    const logger = createLogger({ service: 'proxy', destination: turnBatch(fd) });
    for (const message of ['one', 'two', 'three']) logger.info(message);
    expect(messages()).toEqual([]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(messages()).toEqual(['one', 'two', 'three']);
    logger.info('four');
    await new Promise((resolve) => setImmediate(resolve));
    expect(messages()).toHaveLength(4);
  });

  test('can be had at once', () => {
    const destination = turnBatch(fd);
    const logger = createLogger({ service: 'proxy', destination });
    logger.info('one');
    destination.flush();
    destination.flush();
    expect(messages()).toEqual(['one']);
  });

  test('that cannot be written costs its lines, nothing else', async () => {
    const full = openSync('/dev/full', 'w');
    const destination = turnBatch(full);
    const logger = createLogger({ service: 'proxy', destination });
    logger.info('one');
    expect(() => destination.flush()).not.toThrow();
    // In a turn of its own, where nobody could catch it.
    logger.info('two');
    await new Promise((resolve) => setImmediate(resolve));
    closeSync(full);
    logger.info('three');
    expect(() => destination.flush()).not.toThrow();
  });

  test('says how many lines are missing as soon as one gets through', () => {
    let disk: 'free' | 'short' | 'full' = 'free';
    const destination = turnBatch(fd, (to, bytes, from) => {
      if (disk === 'full') throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
      if (disk === 'free') return writeSync(to, bytes, from);
      disk = 'full';
      return writeSync(to, bytes, from, 5);
    });
    const logger = createLogger({ service: 'proxy', destination });
    const say = (...texts: readonly string[]) => {
      for (const text of texts) logger.info(text);
      destination.flush();
    };
    say('one');
    disk = 'short';
    say('two', 'three');
    say('four');
    disk = 'free';
    say('five');
    say('six');
    const [first, cut, notice, ...rest] = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(JSON.parse(first ?? '')).toMatchObject({ msg: 'one' });
    expect(cut).toHaveLength(5);
    expect(JSON.parse(notice ?? '')).toMatchObject({
      level: 'warn',
      msg: 'log lines lost',
      lines: 3,
      code: 'ENOSPC',
    });
    expect(rest.map((line) => JSON.parse(line).msg)).toEqual(['five', 'six']);
  });
});
