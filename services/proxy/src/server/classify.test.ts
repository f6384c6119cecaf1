import { describe, expect, it } from '@jest/globals';
import { classify, hostOf, originForm } from './classify.ts';

const chat = { kind: 'inference', project: 'demo', operation: 'chat/completions' };

describe('classify', () => {
  it.each([
    ['GET', '/health', { kind: 'health' }],
    ['HEAD', '/health?x', { kind: 'health' }],
    ['POST', '/health', { kind: 'wrong_method', allow: 'GET, HEAD' }],
    ['GET', '/healthz', { kind: 'api' }],
    ['GET', '/', { kind: 'api' }],
    ['GET', '/p', { kind: 'api' }],
    ['GET', '/p/demo', { kind: 'api' }],
    ['PUT', '/p/demo/models', { kind: 'api' }],
    ['GET', '/p/demo/models/openai/v1/models', { kind: 'api' }],
    ['GET', '/p/demo/openaix', { kind: 'api' }],
    ['GET', 'http://elsewhere/health', { kind: 'api' }],
    ['OPTIONS', '*', { kind: 'api' }],
    ['PROPFIND', '/api/v1/services/a/proxy', { kind: 'service', id: 'a', rest: '' }],
    ['GET', '/api/v1/services/a%20b/proxy?c=/d', { kind: 'service', id: 'a b', rest: '?c=/d' }],
    ['GET', '/api/v1/services/a/proxy/b?c', { kind: 'service', id: 'a', rest: '/b?c' }],
    ['GET', '/api/v1/services/a/proxy/../../b', { kind: 'service', id: 'a', rest: '/../../b' }],
    ['GET', '/api/v1/services/%zz/proxy/', { kind: 'unknown' }],
    ['GET', '/api/v1/services/a/proxyb', { kind: 'api' }],
    ['GET', '/api/v1/services//proxy/', { kind: 'api' }],
    ['GET', '/api/v1/services/a?/proxy/', { kind: 'api' }],
    ['GET', '/api/v1/services/a/logs', { kind: 'api' }],
    ['GET', '/api/v1/services', { kind: 'api' }],
    ['POST', '/api/v1/services/a/visits', { kind: 'visits', id: 'a' }],
    ['GET', '/api/v1/services/a/visits', { kind: 'wrong_method', allow: 'POST' }],
    ['POST', '/api/v1/services/a/visits/b', { kind: 'api' }],
    ['GET', '/api/v1/vllm/services', { kind: 'api' }],
    ['GET', '/api/v1/vllm/7/models', { kind: 'service_models', id: '7' }],
    ['HEAD', '/api/v1/vllm/7/models?a', { kind: 'service_models', id: '7' }],
    ['POST', '/api/v1/vllm/7/models', { kind: 'wrong_method', allow: 'GET, HEAD' }],
    ['POST', '/api/v1/vllm/7/prompt', { kind: 'service_prompt', id: '7' }],
    ['GET', '/api/v1/vllm/7/prompt', { kind: 'wrong_method', allow: 'POST' }],
    ['POST', '/api/v1/vllm/7/prompt/x', { kind: 'api' }],
    ['POST', '/p/demo/openai/v1/chat/completions', { ...chat, path: '/v1/chat/completions' }],
    [
      'POST',
      '/p/demo/openai/v1/chat/completions?a=%2F',
      { ...chat, path: '/v1/chat/completions?a=%2F' },
    ],
    [
      'POST',
      '/p/a%20b/openai/v1/embeddings',
      { kind: 'inference', project: 'a b', operation: 'embeddings', path: '/v1/embeddings' },
    ],
    [
      'POST',
      '/p/demo/openai/v1/completions',
      { kind: 'inference', project: 'demo', operation: 'completions', path: '/v1/completions' },
    ],
    [
      'GET',
      '/p/demo/openai/v1/realtime?model=a%2Fb',
      { kind: 'realtime', project: 'demo', path: '/v1/realtime?model=a%2Fb' },
    ],
    ['POST', '/p/demo/openai/v1/realtime', { kind: 'wrong_method', allow: 'GET' }],
    ['GET', '/p/demo/openai/v1/realtime/', { kind: 'unknown' }],
    ['GET', '/p/demo/openai/v1/chat/completions', { kind: 'wrong_method', allow: 'POST' }],
    ['OPTIONS', '/p/demo/openai/v1/embeddings', { kind: 'wrong_method', allow: 'POST' }],
    ['POST', '/p/demo/openai/v1/chat/completions/', { kind: 'unknown' }],
    ['POST', '/p/demo/openai/v1/responses', { kind: 'unknown' }],
    ['GET', '/p/demo/openai', { kind: 'unknown' }],
    ['GET', '/p/demo/openai/v2/models', { kind: 'unknown' }],
    ['GET', '/p/%zz/openai/v1/models', { kind: 'unknown' }],
    ['GET', '/p/demo/openai/v1/models', { kind: 'models', project: 'demo', id: null }],
    ['GET', '/p/demo/openai/v1/models?limit=1', { kind: 'models', project: 'demo', id: null }],
    ['HEAD', '/p/demo/openai/v1/models/a%2Fb', { kind: 'models', project: 'demo', id: 'a/b' }],
    ['GET', '/p/demo/openai/v1/models/a/b', { kind: 'models', project: 'demo', id: 'a/b' }],
    ['GET', '/p/demo/openai/v1/models/', { kind: 'unknown' }],
    ['GET', '/p/demo/openai/v1/models/%', { kind: 'unknown' }],
    ['DELETE', '/p/demo/openai/v1/models/a', { kind: 'wrong_method', allow: 'GET, HEAD' }],
  ])('%s %s', (method, url, expected) => {
    expect(classify(method, url)).toEqual(expected);
  });
});

describe('the target of a request', () => {
  it.each([
    ['/p?x=http://y/z', '/p?x=http://y/z', null],
    ['http://x/p/demo?y', '/p/demo?y', 'x'],
    ['HTTPS://user@x:80/p', '/p', 'x:80'],
    ['http://x', '/', 'x'],
    ['http://x?y@z', '/?y@z', 'x'],
    ['http:///p', '/p', ''],
    ['*', '*', null],
    ['ftp://x/p', 'ftp://x/p', null],
  ])('%s is %s at %s', (target, path, host) => {
    expect([originForm(target), hostOf(target)]).toEqual([path, host]);
  });
});
