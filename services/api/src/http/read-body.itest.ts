import { describe, expect, it } from '@jest/globals';
import { apiSuite } from '../../test/api-suite.ts';

const api = apiSuite({ projects: ['demo'] });
const json = { 'content-type': 'application/json' };

describe('JSON that is broken', () => {
  it.each([
    ['{"a":1,}', 'JSON (line 1, column 8).'],
    ['{\n  "a" 1}', 'JSON (line 2, column 7).'],
    ['{"a":"s3cret', 'JSON (line 1, column 13).'],
    ['[1,', 'JSON: it ends too early.'],
    ['{"a":secret}', 'JSON.'],
    ['{"JSON at position 1 (line 1 column 2)":secret}', 'JSON.'],
  ])('says where %j breaks off, and nothing of it', async (raw, end) => {
    const { body } = await api.call('PUT', '/p/demo/models', { headers: json, raw });
    expect(body.error.message).toBe(`The request body is not valid ${end}`);
  });
});
