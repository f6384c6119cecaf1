import { describe, expect, test } from '@jest/globals';
import { nodeErrorIn } from './node-error.ts';

describe("an engine's error in the detail of a failed call", () => {
  test.each<[string, string, number]>([
    [
      'vLLM',
      '{"error":{"message":"too long","type":"BadRequestError","param":null,"code":400}}',
      400,
    ],
    ['vLLM before 0.10.1, SGLang', '{"object":"error","message":"no","code":404}', 404],
    ['a code in words', '{"error":{"code":"503"}}', 503],
    ['the key check', '{"error":"Unauthorized"}', 401],
    ['an unknown path', '{"detail":"Not Found"}', 404],
    ['a wrong method', '{"detail":"Method Not Allowed"}', 405],
    ['FastAPI', '{"detail":[{"loc":["body"],"msg":"missing"}]}', 422],
    ['no status in it', '{"error":{"code":"context_length_exceeded"}}', 502],
    ['a status that is none', '{"code":17}', 502],
    ['no JSON', 'Internal Server Error', 502],
  ])('%s', (_name, body, status) => {
    expect(nodeErrorIn(body)).toEqual({ status, body });
    expect(nodeErrorIn(`'${body}'`)).toEqual({ status, body });
  });

  test.each(["''", '', ' ', "' '"])('%j says nothing', (detail) => {
    expect(nodeErrorIn(detail)).toBeNull();
  });
});
