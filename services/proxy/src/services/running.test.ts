import { describe, expect, it } from '@jest/globals';
import type { AppError, Principal } from '@wakefield/domain';
import { createRunning, type UnderWay } from './running.ts';

const most = { perCaller: 2, perProcess: 3 };
const person = (id: string): Principal => ({ kind: 'user', id, grants: [] });

function scene() {
  const demand = { count: 0 };
  const book = {
    begin: () => {
      demand.count += 1;
    },
    end: () => {
      demand.count -= 1;
    },
  };
  const running = createRunning(book, 1000, most);
  const begin = (id: string, leave: UnderWay['leave'] = null) =>
    running.begin({ serviceId: 's', jobId: 'j', who: person(id), cutOff: () => undefined, leave });
  return { demand, running, begin };
}

const refused = (code: string) => expect.objectContaining({ code });

describe('what is passed to services at once', () => {
  it('is bounded by caller and in all, and let in again when something is over', () => {
    const { demand, begin } = scene();
    const first = begin('ada');
    begin('ada');
    expect(() => begin('ada')).toThrow(refused('overloaded'));
    const third = begin('bob');
    expect(() => begin('cyd')).toThrow(refused('overloaded'));
    expect(demand.count).toBe(3);
    third();
    third();
    expect(() => begin('ada')).toThrow(refused('overloaded'));
    first();
    begin('ada');
    begin('cyd');
    expect(demand.count).toBe(3);
  });

  it('ends where it is a session, when the process does', () => {
    const { running, begin } = scene();
    const told: AppError[] = [];
    begin('ada');
    begin('ada', (why) => told.push(why));
    running.shutDown();
    expect(told).toEqual([refused('shutting_down')]);
    expect(() => begin('bob', () => undefined)).toThrow(refused('shutting_down'));
    // A connection that is still open may ask.
    begin('bob');
  });
});
