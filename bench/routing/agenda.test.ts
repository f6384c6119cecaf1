import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Agenda } from './agenda.ts';

test('property: everything happens once, in order of time and then as it was put down', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(20), fc.option(fc.nat(20)))), (entries) => {
      const agenda = new Agenda();
      const happened: (readonly [number, number])[] = [];
      let passed = 0;
      for (const [order, [at, later]] of entries.entries()) {
        agenda.at(at, () => {
          happened.push([agenda.now, order]);
          const again = entries.length + happened.length;
          if (later !== null) agenda.at(at + later, () => happened.push([agenda.now, again]));
        });
      }
      agenda.run((lengthMs) => {
        expect(lengthMs).toBeGreaterThanOrEqual(0);
        passed += lengthMs;
      });
      expect(happened).toHaveLength(
        entries.length + entries.filter(([, later]) => later !== null).length,
      );
      expect(happened).toEqual(happened.toSorted((a, b) => a[0] - b[0]));
      for (const [at, order] of happened.filter(([, one]) => one < entries.length))
        expect(at).toBe(entries[order]?.[0]);
      expect(passed).toBe(agenda.now);
    }),
  );
});
