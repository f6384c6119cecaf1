import { describe, expect, test } from '@jest/globals';
import { parseInfo, unfitness } from './check-server.ts';

const info = (policy: string) =>
  `# Server\r\nredis_version:7.0.15\r\n# Memory\r\nmaxmemory_policy:${policy}\r\n`;

describe('fitness of a Redis', () => {
  test('noeviction is fit', () => {
    const facts = parseInfo(info('noeviction'));
    expect(facts).toEqual({ version: '7.0.15', maxmemoryPolicy: 'noeviction' });
    expect(unfitness(facts)).toBeNull();
  });

  test.each(['allkeys-lru', 'volatile-lru', 'allkeys-random'])('%s is not', (policy) => {
    const problem = unfitness(parseInfo(info(policy)));
    expect(problem).toContain(policy);
    expect(problem).toContain('CONFIG SET maxmemory-policy noeviction');
  });

  test('a server that does not tell is given the benefit of the doubt', () => {
    expect(unfitness(parseInfo(''))).toBeNull();
    expect(parseInfo('redis_version:7.2.4\r\nvalkey_version:8.0.1').version).toBe('8.0.1');
  });
});
