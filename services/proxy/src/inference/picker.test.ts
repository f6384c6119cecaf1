import { describe, expect, it } from '@jest/globals';
import { defaultRouting, type JobId } from '@wakefield/domain';
import { asleep, endpoint } from '../../test/world.ts';
import { type Belonging, createPicker } from './picker.ts';

const jobs = ['a', 'b', 'c', 'd'];
const endpoints = jobs.map((jobId) => endpoint(1, jobId));
const routing = { ...defaultRouting, policy: 'prefix' as const };
const route = { ...asleep('m/m'), endpoints, routing };
const needed = { atLeastMs: 0, preferablyMs: 0 };

function promptOf(letter: string): Belonging {
  const body = Buffer.from(letter.repeat(4000));
  return { model: 'm/m', body, promptFrom: 0, promptTo: body.length, header: () => undefined };
}

function setUp() {
  const picker = createPicker(
    () => 0,
    { now: () => 0 },
    () => 0,
  );
  const pick = (prompt: Belonging, not: readonly JobId[] = []) =>
    picker.pick(route, new Set(not), needed, prompt)?.jobId ?? '';
  return { pick, send: (prompt: Belonging, jobId: JobId) => picker.sent(route, jobId, prompt) };
}

describe('the memory of prompts', () => {
  it('says nothing of a request that was picked for and waits', () => {
    const prompt = promptOf('x');
    const home = setUp().pick(prompt);
    const { pick } = setUp();
    expect(pick(prompt, [home])).not.toBe(home);
    expect(pick(prompt)).toBe(home);
  });

  it('says where a request was sent, whatever was picked for meanwhile', () => {
    for (const between of [[], [promptOf('y')]]) {
      const { pick, send } = setUp();
      const prompt = promptOf('x');
      const home = pick(prompt);
      const other = pick(prompt, [home]);
      const homes = between.map((one) => [one, pick(one)] as const);
      send(prompt, other);
      expect(pick(promptOf('x'))).toBe(other);
      for (const [one, its] of homes) expect(pick(one)).toBe(its);
    }
  });
});
