import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { defaultLimitRules, limitsFor, noLimits, weightOf } from '@wakefield/domain';
import { loadLimits, parseLimits } from './load-limits.ts';

const read = (text: string) => parseLimits(text, 'limits.yaml');
const root = join(import.meta.dirname, '../../..');

describe('limits.yaml', () => {
  it.each(['', '# nothing', '{}'])('limits nothing when it says nothing: %j', (text) => {
    expect(read(text)).toEqual(defaultLimitRules);
  });

  it('has defaults, and exceptions that leave as it is what they do not name', () => {
    const rules = read(`
defaults:
  principal: { requestsPerMinute: 60, tokensPerMinute: 1000, weight: 2 }
principals:
  a: { tokensPerMinute: null, concurrentRequests: 4 }
  b: { weight: 3 }
models:
  p/x/y: { concurrentRequests: 9 }
queue: { wait: 30 }
`);
    const everybody = { ...noLimits, requestsPerMinute: 60, tokensPerMinute: 1000 };
    expect(limitsFor(rules, 'principal', 'c')).toEqual(everybody);
    expect(limitsFor(rules, 'principal', 'a')).toEqual({
      requestsPerMinute: 60,
      tokensPerMinute: null,
      concurrentRequests: 4,
    });
    expect(limitsFor(rules, 'principal', 'b')).toEqual(everybody);
    expect(limitsFor(rules, 'model', 'p/x/y').concurrentRequests).toBe(9);
    expect(limitsFor(rules, 'project', 'p')).toEqual(noLimits);
    expect(['a', 'b', 'c'].map((name) => weightOf(rules, name))).toEqual([2, 3, 2]);
    expect(rules.queue).toEqual({ surplus: 2, perModel: 2048, waitMs: 30_000 });
    expect(read('queue: null').queue).toBeNull();
  });

  it.each([
    ['defaults: [', ':1: '],
    ['default: {}', ':1: default: unknown key; did you mean defaults?'],
    [
      'defaults:\n  principal: { requestPerMinute: 1 }',
      ':2: defaults.principal.requestPerMinute: unknown key; did you mean requestsPerMinute?',
    ],
    [
      'principals:\n  a: { tokensPerMinute: 0 }',
      ':2: principals.a.tokensPerMinute: must be at least 1, not 0',
    ],
    ['principals:\n  a: { tokensPerMinute: many }', 'must be a number, not the text "many"'],
    ['principals:\n  a: { weight: 0 }', ':2: principals.a.weight: must be at least 0.01, not 0'],
    ['projects:\n  p: { weight: 2 }', ':2: projects.p.weight: unknown key'],
    ['models:\n  qwen: {}', ':2: models.qwen: has to be PROJECT/MODEL'],
    ['burst: 10ms', ':1: burst: has to be 1s at least'],
    ['burst: soon', ':1: burst: expected seconds, or a number with ms, s, m, h, d'],
    ['queue: { surplus: 0.5 }', ':1: queue.surplus: must be at least 1, not 0.5'],
    ['queue: { waits: 1m }', ':1: queue.waits: unknown key; did you mean wait?'],
  ])('%j is refused with its place', (text, words) => {
    expect(() => read(text)).toThrow(words);
  });

  it('is as the example writes it', async () => {
    const path = join(root, 'deploy/limits.example.yaml');
    const rules = parseLimits(await readFile(path, 'utf8'), path);
    expect(limitsFor(rules, 'principal', 'local')).toEqual(noLimits);
    expect(weightOf(rules, 'site:6d0c7f1e-58e6-4ad1-8a7c-2f3f0f0b9d11')).toBe(3);
    expect(rules.queue).toEqual(defaultLimitRules.queue);
  });

  it('is as the documentation writes it', async () => {
    const page = await readFile(join(root, 'docs/limits.md'), 'utf8');
    const [, block = ''] = /```yaml\n([^`]+)```/.exec(page) ?? [];
    const rules = read(block);
    expect(limitsFor(rules, 'model', 'eu-00-00/Qwen/Qwen3-8B').requestsPerMinute).toBe(30_000);
  });

  it('that is not there says where to begin', async () => {
    await expect(loadLimits('/nowhere/limits.yaml')).rejects.toMatchObject({
      exitCode: 78,
      message: expect.stringContaining('deploy/limits.example.yaml'),
    });
  });
});
