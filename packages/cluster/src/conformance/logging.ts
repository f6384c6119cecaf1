import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import type { JobName } from '@wakefield/domain';
import { cutLineOf } from '../log-pieces.ts';
import { type Scene, until } from './scene.ts';

export function loggingTests(scene: () => Scene): void {
  /** Runs these lines to their end, and reads as often as it is asked then. */
  async function over(lines: readonly string[]) {
    const { driver, signal, newName, job, sightUntil } = scene();
    const name = newName();
    await driver.submit(job(name, lines), signal);
    await sightUntil(name, ({ clusterJob }) => clusterJob?.state === 'completed');
    return { name, read: (from: number, bytes: number) => read(name, from, bytes) };
  }

  async function read(name: JobName, from: number, bytes: number) {
    const { driver, signal } = scene();
    const piece = await driver.readLog({ name, clusterJobId: null }, from, bytes, signal);
    if (piece === null) return null;
    return { ...piece, bytes: Buffer.from(piece.bytes).toString() };
  }

  test('tells a log from an offset on, or its end; nothing where there is none', async () => {
    const { read: piece } = await over(['printf 0123456789 > log']);
    expect(await piece(0, 4000)).toEqual({ source: 'job', from: 0, bytes: '0123456789' });
    expect(await piece(0, 4)).toEqual({ source: 'job', from: 6, bytes: '6789' });
    expect(await piece(7, 4000)).toEqual({ source: 'job', from: 7, bytes: '789' });
    expect(await piece(7, 2)).toEqual({ source: 'job', from: 8, bytes: '89' });
    expect(await piece(10, 4000)).toEqual({ source: 'job', from: 10, bytes: '' });
    expect(await read(scene().newName(), 0, 4000)).toBeNull();
  });

  test('tells what a running job adds to its log', async () => {
    const { driver, signal, newName, job, file } = scene();
    const name = newName();
    await driver.submit(
      job(name, [
        'echo one > log',
        'until [ -e go ]; do sleep 0.1; done',
        'echo two >> log',
        'sleep 600',
      ]),
      signal,
    );
    const beginning = await until('the first line', async () => await read(name, 0, 4000));
    expect(beginning).toEqual({ source: 'job', from: 0, bytes: 'one\n' });
    expect(await file(name, 'go')).toBeNull();
    await writeFile(`${scene().directory(name)}/go`, '');
    const next = await until('the second line', async () => {
      const piece = await read(name, 4, 4000);
      return piece === null || piece.bytes === '' ? null : piece;
    });
    expect(next).toEqual({ source: 'job', from: 4, bytes: 'two\n' });
  });

  test('goes on behind what was cut off a log', async () => {
    const line = cutLineOf(1000);
    const { read: piece } = await over([`printf '%s\\n' '${line.trim()}' 0123456789 > log`]);
    expect(await piece(0, 4000)).toEqual({ source: 'job', from: 1000, bytes: '0123456789\n' });
    expect(await piece(1004, 4000)).toEqual({ source: 'job', from: 1004, bytes: '456789\n' });
    expect(await piece(1011, 4000)).toEqual({ source: 'job', from: 1011, bytes: '' });
    expect(await piece(0, 3)).toEqual({ source: 'job', from: 1008, bytes: '89\n' });
  });

  test('is not held up by a job that puts pipes in the place of its files', async () => {
    const { driver, signal, newName, job, file, sightUntil } = scene();
    const name = newName();
    const files = 'log gpu stage endpoint.json exit.json';
    const lines = [`mkfifo ${files}`, 'echo yes > made'];
    await driver.submit(job(name, [...lines, 'sleep 600']), signal);
    await until('the pipes', async () => (await file(name, 'made')) === 'yes\n' || null);
    // The batch system may hear of it after the job did.
    const seen = await sightUntil(name, ({ clusterJob }) => clusterJob?.state === 'running');
    expect(seen).toMatchObject({
      ...{ address: null, exit: null, gpuUtilization: null, building: false },
    });
    expect(await read(name, 0, 4000)).toBeNull();
  });

  test('tells whole characters, and counts bytes', async () => {
    // 1500 of three bytes each: they lie across whatever pieces a log is read in.
    const { name, read: piece } = await over([
      "for i in {1..1500}; do printf '\\342\\202\\254'; done > log",
      "printf '\\303\\251\\n\\377\\n' >> log",
    ]);
    const file = await readFile(`${scene().directory(name)}/log`);
    const { driver, signal } = scene();
    const whole = await driver.readLog({ name, clusterJobId: null }, 0, 8000, signal);
    expect(whole).toMatchObject({ from: 0, bytes: { length: file.length } });
    expect((await piece(0, 8000))?.bytes).toMatch(/^[€?]{1490}/);
    // The ninth byte from the end is the last one of a character that is not asked for.
    const end = await piece(0, 9);
    expect(end?.from).toBe(file.length - 8);
    expect(end?.bytes).toMatch(/^€é\n.\n$/);
  });

  test('tells what the batch system said where a job wrote no log', async () => {
    const { driver, signal, newName, job, sightUntil } = scene();
    const name = newName();
    await driver.submit(job(name, ['no-such-program']), signal);
    await sightUntil(name, ({ clusterJob }) => clusterJob?.state === 'failed');
    expect(await read(name, 7, 4000)).toEqual({
      source: 'batch',
      from: 0,
      bytes: expect.stringContaining('no-such-program: command not found'),
    });
  });
}
