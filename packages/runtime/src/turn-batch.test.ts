import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
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
});
