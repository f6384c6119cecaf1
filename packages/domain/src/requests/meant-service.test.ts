import { expect, test } from '@jest/globals';
import type { ServiceState } from '../vocabulary/service.ts';
import { meantService } from './meant-service.ts';

const one = (id: string, state: ServiceState, usable = true) => ({ id, state, usable });
const live = one('live', 'running');
const over = one('over', 'stopped');

test.each<[string, readonly ReturnType<typeof one>[], string | null]>([
  ['the newest', [live, one('older', 'running')], 'live'],
  ['one that is not over before a newer one', [over, live], 'live'],
  ['the newest of those that are over', [over, one('older', 'failed')], 'over'],
  ['one that may be used before one that lives', [one('seen', 'running', false), over], 'over'],
  ['the first of those that may not', [one('a', 'failed', false), one('b', 'pending', false)], 'b'],
  ['nothing', [], null],
])('%s is meant', (_, called, id) => {
  const meant = meantService(
    called,
    ({ state }) => state,
    ({ usable }) => usable,
  );
  expect(meant?.id ?? null).toBe(id);
});
