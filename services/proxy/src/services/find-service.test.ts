import { describe, expect, it } from '@jest/globals';
import type { Principal, ServiceRoute } from '@wakefield/domain';
import { atRoot, serviceRoute } from '../../test/service.ts';
import { findService, type WantedService } from './find-service.ts';

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
  const hidden = serviceRoute(1, { project: 'hidden', access: atRoot });
  const there = serviceRoute(1, { project: 'used', access: atRoot, cluster: 'there' });
  const find = (services: readonly ServiceRoute[], wanted: Partial<WantedService> = {}) =>
    findService({ servicesCalled: () => services }, who, {
      ...{ id: '7', project: undefined, cluster: undefined },
      ...wanted,
    });

  it.each([
    [[seen, used], used, [seen]],
    [[over, seen], over, [seen]],
    [[over, used], used, [over]],
    [[there, used, hidden], there, [used]],
    [[seen, hidden], seen, []],
  ])(
    '%#: the one that the caller may use is meant, and the others are told',
    (all, meant, rest) => {
      const others = rest.map(({ serviceId }) => serviceId);
      expect(find(all)).toEqual({ service: meant, others });
    },
  );

  it('are chosen by cluster and project', () => {
    const all = [used, there, seen];
    expect(find(all, { cluster: 'there' })).toEqual({ service: there, others: [] });
    expect(find(all, { project: 'seen' })).toEqual({ service: seen, others: [] });
    expect(find(all, { project: 'seen', cluster: 'there' })).toBeNull();
    expect(find([])).toBeNull();
  });
});
