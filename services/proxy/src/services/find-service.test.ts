import { describe, expect, it } from '@jest/globals';
import type { Principal } from '@wakefield/domain';
import { atRoot, serviceRoute } from '../../test/service.ts';
import { findService } from './find-service.ts';

const who: Principal = {
  kind: 'user',
  id: 'ada',
  grants: [
    { project: 'seen', role: 'viewer' },
    { project: 'used', role: 'user' },
  ],
};

describe('services of one name', () => {
  const seen = serviceRoute(1, { project: 'seen', access: atRoot });
  const used = serviceRoute(1, { project: 'used', access: atRoot });
  const over = serviceRoute(null, { project: 'used', access: atRoot, state: 'stopped' });
  it.each([
    [[seen, used], used],
    [[over, seen], over],
    [[over, used], used],
    [[seen], seen],
    [[], null],
  ])('%#: the one that the caller may use is meant', (services, meant) => {
    const index = { servicesCalled: () => services };
    expect(findService(index, who, { id: '7', project: undefined })).toBe(meant);
  });
});
