import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Roster } from './roster.ts';

const member = (id: number) => ({ id, rosterIndex: -1 });

function idsOf(roster: Roster<ReturnType<typeof member>>): number[] {
  const ids: number[] = [];
  roster.each(({ id }) => ids.push(id));
  return ids.sort((a, b) => a - b);
}

test('has whom a Set would have, whoever comes and goes', () => {
  const moves = fc.array(fc.record({ comes: fc.boolean(), who: fc.nat({ max: 9 }) }));
  fc.assert(
    fc.property(moves, (all) => {
      const people = Array.from({ length: 10 }, (_, id) => member(id));
      const roster = new Roster<ReturnType<typeof member>>();
      const set = new Set<number>();
      for (const { comes, who } of all) {
        const one = people[who];
        if (one === undefined) continue;
        if (comes) {
          roster.add(one);
          set.add(who);
        } else {
          roster.delete(one);
          set.delete(who);
        }
        expect(roster.size).toBe(set.size);
      }
      expect(idsOf(roster)).toEqual([...set].sort((a, b) => a - b));
    }),
  );
});

test('visits nobody who has left meanwhile, and everybody else once', () => {
  const roster = new Roster<ReturnType<typeof member>>();
  const people = [0, 1, 2, 3, 4, 5].map(member);
  for (const one of people) roster.add(one);
  const seen: number[] = [];
  roster.each((one) => {
    seen.push(one.id);
    for (const other of people) if ((other.id ^ 1) === one.id) roster.delete(other);
  });
  expect(seen).toHaveLength(3);
  expect(new Set(seen.map((id) => id >> 1)).size).toBe(3);
  expect(idsOf(roster)).toEqual([...seen].sort((a, b) => a - b));
});
