import { describe, expect, test } from '@jest/globals';
import { isItsPlace, type PlaceRules } from './endpoint-place.ts';

const ports = { from: 20_000, to: 29_999 };
const by = (advertise: PlaceRules['advertise']): PlaceRules => ({ advertise, ports });

describe('where a job says that it answers', () => {
  test.each<[PlaceRules['advertise']['kind'], string, string | null, boolean]>([
    ['hostname', 'cn01', 'cn01', true],
    ['hostname', 'cn01', 'cn01.site.org', true],
    ['hostname', 'cn01.site.org', 'cn01.site.org', true],
    ['hostname', 'cn01.evil.org', 'cn01', false],
    ['hostname', 'cn02', 'cn01', false],
    ['hostname', 'cn01', null, false],
    ['hostname', '169.254.169.254', 'cn01', false],
    ['hostname', '127.0.0.1', 'cn01', false],
    ['hostname', 'localhost', 'cn01', false],
    ['fqdn', 'cn01.site.org', 'cn01', true],
    ['fqdn', 'cn01', 'cn01', true],
    ['fqdn', 'cn011.site.org', 'cn01', false],
    ['fqdn', 'metadata.google.internal', 'cn01', false],
    ['fqdn', 'cn01.site.org', null, false],
    ['ip', '10.0.3.7', 'cn01', true],
    ['ip', 'fd00::7', 'cn01', true],
    ['ip', '10.0.3.7', null, true],
    ['ip', 'cn01', 'cn01', false],
    ['ip', '127.0.0.1', 'cn01', false],
    ['ip', '0.0.0.0', 'cn01', false],
    ['ip', '169.254.169.254', 'cn01', false],
    ['ip', '224.0.0.1', 'cn01', false],
    ['ip', '255.255.255.255', 'cn01', false],
    ['ip', '::1', 'cn01', false],
    ['ip', '::', 'cn01', false],
    ['ip', '::ffff:127.0.0.1', 'cn01', false],
    ['ip', 'fe80::1', 'cn01', false],
    ['ip', 'ff02::1', 'cn01', false],
  ])('by %s: %s on %s: %s', (kind, host, node, expected) => {
    const rules = by(kind === 'fixed' ? { kind, host } : { kind });
    expect(isItsPlace({ host, port: 20_000 }, node, rules)).toBe(expected);
  });

  test('is the one that is configured, and no other', () => {
    const rules = by({ kind: 'fixed', host: '127.0.0.1' });
    expect(isItsPlace({ host: '127.0.0.1', port: 29_999 }, null, rules)).toBe(true);
    expect(isItsPlace({ host: '127.0.0.2', port: 29_999 }, null, rules)).toBe(false);
  });

  test.each([19_999, 30_000, 22, 5432])('is no port %d', (port) => {
    expect(isItsPlace({ host: 'cn01', port }, 'cn01', by({ kind: 'hostname' }))).toBe(false);
  });
});
