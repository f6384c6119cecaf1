import { describe, expect, it } from '@jest/globals';
import { defaultRouting, type JobId, type RoutingPolicy } from '@wakefield/domain';
import { asleep, endpoint } from '../../test/world.ts';
import { type Belonging, createPicker } from './picker.ts';
import type { Placements } from './placements.ts';

const jobs = ['a', 'b', 'c', 'd'];
const endpoints = jobs.map((jobId) => endpoint(1, jobId));
const routing = { ...defaultRouting, policy: 'prefix' as const };
const route = { ...asleep('m/m'), endpoints, routing };
const needed = { atLeastMs: 0, preferablyMs: 0 };

type Told = Pick<Placements, 'sent'>;

function promptOf(letter: string): Belonging {
  const body = Buffer.from(letter.repeat(4000));
  return { model: 'm/m', body, promptFrom: 0, promptTo: body.length, header: () => 'chat 1' };
}

function setUp({ proxies = 1, placements = { sent: (): void => undefined } as Told } = {}) {
  const there = new Map<JobId, number>();
  const wanted: string[] = [];
  const picker = createPicker({
    demand: { runningOn: () => 0 },
    elsewhere: { on: (jobId) => there.get(jobId) ?? 0, want: (modelId) => wanted.push(modelId) },
    proxies: () => proxies,
    placements,
    clock: { now: () => 0 },
    random: () => 0,
  });
  const pick = (prompt: Belonging, not: readonly JobId[] = []) =>
    picker.pick(route, new Set(not), needed, prompt)?.jobId ?? '';
  const send = (prompt: Belonging, jobId: JobId) => picker.sent(route, jobId, prompt);
  /** By another policy, or of fewer endpoints. */
  const pickBy = (policy: RoutingPolicy, among = endpoints) => {
    const other = { ...route, endpoints: among, routing: { ...routing, policy } };
    return picker.pick(other, new Set(), needed, promptOf('x'))?.jobId ?? '';
  };
  return { picker, pick, send, pickBy, there, wanted };
}

describe('the memory of prompts', () => {
  it('says nothing of a request that was picked for and waits', () => {
    const prompt = promptOf('x');
    const home = setUp().pick(prompt);
    const { pick } = setUp();
    expect(pick(prompt, [home])).not.toBe(home);
    expect(pick(prompt)).toBe(home);
  });

  it('is told to other proxies, which know the next prompt of a conversation by it', () => {
    const prompt = promptOf('x');
    const { picker, pick } = setUp();
    const home = pick(prompt);
    const away = jobs.find((jobId) => jobId !== home) ?? '';
    const { send } = setUp({
      placements: { sent: (modelId, jobId, key) => picker.heard(modelId, jobId, [key]) },
    });
    send(prompt, away);
    expect(pick(prompt)).toBe(away);
    const longer = Buffer.from('x'.repeat(6000));
    expect(pick({ ...prompt, body: longer, promptTo: longer.length })).toBe(away);
    expect(pick(promptOf('y'))).toBe(setUp().pick(promptOf('y')));
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

describe('what other proxies have at engines', () => {
  it.each<[RoutingPolicy, boolean]>([
    ['prefix', true],
    ['session', true],
    ['least_load', false],
  ])('is asked for and counts by %s: %s', (policy, counts) => {
    const { pickBy, there, wanted } = setUp({ proxies: 3 });
    const home = pickBy(policy);
    there.set(home, 9);
    expect(pickBy(policy) !== home).toBe(counts);
    expect(wanted).toEqual(counts ? [route.modelId, route.modelId] : []);
  });

  it('is not asked for by one that is alone, nor of a model with one engine', () => {
    const alone = setUp();
    const home = alone.pickBy('prefix');
    alone.there.set(home, 9);
    expect(alone.pickBy('prefix')).toBe(home);
    const several = setUp({ proxies: 3 });
    several.pickBy('session', endpoints.slice(0, 1));
    expect([...alone.wanted, ...several.wanted]).toEqual([]);
  });
});
