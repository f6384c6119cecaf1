import { describe, expect, it } from '@jest/globals';
import { endpoint } from '../../test/world.ts';
import { Casualties } from './casualties.ts';

const one = endpoint(1, 'job-1');
const another = endpoint(2, 'job-2');

describe('casualties of a request', () => {
  it('are too many when two engines died, however they did', () => {
    for (const afterMs of [0, 1000]) {
      const casualties = new Casualties();
      expect(casualties.any).toBe(false);
      casualties.brokeOff(one, afterMs);
      expect([casualties.any, casualties.tooMany]).toEqual([true, false]);
      casualties.died(another);
      expect(casualties.tooMany).toBe(true);
    }
  });

  it('are none by a connection that broke at once, when its engine was there to be asked again', () => {
    const casualties = new Casualties();
    expect(casualties.brokeOff(one, 0)).toBe(false);
    expect(casualties.brokeOff(one, 0)).toBe(true);
    expect([casualties.any, casualties.tooMany]).toEqual([true, false]);
    // By then it went on a new connection.
    casualties.brokeOff(one, 0);
    expect(casualties.tooMany).toBe(true);
  });

  it('take a job that was requeued for another engine', () => {
    const casualties = new Casualties();
    casualties.brokeOff(one, 0);
    expect(casualties.brokeOff(endpoint(2, 'job-1'), 0)).toBe(false);
    expect(casualties.tooMany).toBe(true);
  });
});
