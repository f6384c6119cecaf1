import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openQueueFixture, type QueueFixture, until } from '@wakefield/testkit';

let fixture: QueueFixture;
beforeEach(async () => {
  fixture = await openQueueFixture();
});
afterEach(() => fixture.close());

describe('command nudges', () => {
  test('a second delivery of a waiting or running command is the same job', async () => {
    const { nudges, redis } = fixture;
    await nudges.command('c1');
    await nudges.command('c1');
    expect(await redis.queue('commands').getJobCountByTypes('waiting')).toBe(1);
    const { runs, release } = fixture.consumeHeld('commands', ['command']);
    await until(() => runs.length === 1);
    await nudges.command('c1');
    release();
    await fixture.idle('commands');
    expect(runs).toEqual(['command c1']);
  });

  test('activations are waited for by no command, however many a cluster leaves hanging', async () => {
    const { nudges } = fixture;
    const activations = fixture.consumeHeld('activations', ['activation']);
    for (let n = 0; n < 20; n += 1) await nudges.activation(`a${n}`);
    await nudges.activation('a0');
    await until(() => activations.runs.length === 16);
    const commands = fixture.consumeHeld('commands', ['command']);
    commands.release();
    await nudges.command('c1');
    await fixture.idle('commands');
    expect(commands.runs).toEqual(['command c1']);
    activations.release();
    await fixture.idle('activations');
    expect(activations.runs).toHaveLength(20);
  });

  test('a command that failed can be delivered again', async () => {
    const { nudges } = fixture;
    let tries = 0;
    fixture.consume('commands', {
      command: async () => {
        tries += 1;
        if (tries === 1) throw new Error('no');
      },
    });
    await nudges.command('c1');
    await until(() => tries === 1);
    await fixture.idle('commands');
    await nudges.command('c1');
    await until(() => tries === 2);
  });
});
