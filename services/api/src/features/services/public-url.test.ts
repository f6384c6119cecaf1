import { describe, expect, it } from '@jest/globals';
import { publicUrlOf } from './public-url.ts';

describe('where a caller finds this installation', () => {
  it.each<[string, string | null, Record<string, string>, string]>([
    ['is as configured', 'https://ai.example', { host: 'inside:1' }, 'https://ai.example'],
    ['is as the request came', null, { host: 'localhost:8001' }, 'http://localhost:8001'],
    ['is an address', null, { host: '[::1]:80' }, 'http://[::1]:80'],
    [
      'is as the outermost proxy says',
      null,
      {
        host: 'inside:1',
        'x-forwarded-host': 'ai.example, inside',
        'x-forwarded-proto': 'https, http',
      },
      'https://ai.example',
    ],
    ['is nothing that no host can be', null, { host: 'a/b"><' }, ''],
    ['is not known', null, {}, ''],
    ['has a scheme of ours', null, { host: 'a', 'x-forwarded-proto': 'javascript' }, 'http://a'],
  ])('%s', (_what, configured, headers, url) => {
    expect(publicUrlOf(configured, { headers })).toBe(url);
  });
});
