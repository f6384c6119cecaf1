import { describe, expect, test } from '@jest/globals';
import { sendSignal } from '@wakefield/local-stack';
import { exitOf, type Launched, ready, type Started, usePlace } from './npm-start.ts';
import { chat } from './requests/ask.ts';
import { eventually } from './wakefield.ts';

const place = usePlace();

/** Ctrl-C ends everything, in time, and the next start finds all in order. */
async function interrupted(
  { child, output }: Launched,
  signal: NodeJS.Signals = 'SIGINT',
): Promise<void> {
  const since = performance.now();
  child.kill(signal);
  await exitOf(child);
  expect(performance.now() - since).toBeLessThan(10_000);
  expect(output()).toMatch(/Everything has ended/);
  expect(place.processes()).toEqual([]);
}

/** A chat with the first model that is longer than anybody waits. */
function talk(running: Started) {
  let heard = '';
  const result = chat(running, 'wakefield/simulator', {
    tokens: 100_000,
    stream: true,
    onLine: (line) => {
      heard += `${line}\n`;
    },
  });
  return {
    result,
    heard: (text: string) => eventually(text, async () => heard.includes(text), 60_000),
  };
}

describe('Ctrl-C', () => {
  // The moments lie between a half-made database, half-started services and a first model that is not there yet.
  test.each(['✔ Postgres', '✔ proxy'])(
    'while it sets up, at "%s"',
    async (moment) => {
      const begun = place.launch();
      await eventually(moment, async () => begun.output().includes(moment), 120_000);
      await interrupted(begun);
      expect(begun.output()).not.toMatch(/^Ready after/m);
    },
    180_000,
  );

  test('while the private SLURM boots; what was set up half is no hindrance', async () => {
    const begun = place.launch({}, '--slurm');
    await eventually(
      'a daemon',
      async () => place.processes().some(({ command }) => /munged/.test(command)),
      120_000,
    );
    await interrupted(begun);
    await interrupted(await ready(place.launch({}, '--slurm')));
  }, 300_000);

  test('during a wake', async () => {
    const running = await ready(place.launch());
    const { heard, result } = talk(running);
    await heard(': wakefield state=');
    await interrupted(running);
    // Whoever was cut off is not told that the answer was whole.
    expect(await result).toMatchObject({ whole: false });
  }, 180_000);

  test('during a stream, while something waits to be started again', async () => {
    const running = await ready(place.launch());
    const { heard, result } = talk(running);
    await heard('data: {');
    // Again and again, until the wait is long enough to be met in the middle.
    await eventually(
      'a long wait',
      async () => {
        const { services } = await place.runFile();
        for (const { pid } of services.api) sendSignal(pid, 'SIGKILL');
        return /^api ended \(SIGKILL\); starting it again in 2 s$/m.test(running.output());
      },
      120_000,
    );
    await interrupted(running);
    expect(await result).toMatchObject({ whole: false });
  }, 300_000);
});

describe('a signal to npm alone', () => {
  // A shell between npm and Wakefield would keep it, and leave all the rest running.
  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s ends everything, too',
    async (signal) => {
      const running = await ready(place.launchByNpm());
      await interrupted(running, signal);
    },
    180_000,
  );
});
