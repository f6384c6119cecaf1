import { beforeAll, describe, expect, test } from '@jest/globals';
import type { ServiceAccess } from '@wakefield/domain';
import { plainService } from '../test/service.ts';
import { accessSchema } from './access.ts';
import { type LoadedRecipes, loadRecipes } from './catalog.ts';
import { resolveService } from './resolve.ts';
import { recipeSchema } from './schema.ts';

let builtIn: LoadedRecipes;
beforeAll(async () => {
  builtIn = await loadRecipes();
});

const plain = {
  name: 'plain',
  description: 'A stand-in.',
  tried: ['1'],
  drain_grace_seconds: 5,
  command: ['x'],
  probes: { health: '/' },
  metrics: { path: null },
  service: plainService,
};
const bearer = { kind: 'authorization', scheme: 'Bearer' };

describe('who may reach a service, and with what', () => {
  test.each<[string, Partial<ServiceAccess>]>([
    ['simulator', { permission: 'infer', key: bearer, websocket: false } as const],
    ['inference/vllm', { permission: 'infer', key: bearer, websocket: true } as const],
    ['inference/sglang', { permission: 'infer', key: bearer } as const],
    ['inference/llama-cpp', { permission: 'infer', key: bearer, page: '/' } as const],
    ['inference/tei', { permission: 'infer', key: bearer } as const],
    ['inference/ollama', { permission: 'infer', key: { kind: 'none' } }],
    [
      'vector/qdrant',
      { permission: 'manage', key: { kind: 'header', name: 'api-key' }, page: '/dashboard' },
    ],
    ['storage/minio', { permission: 'manage', key: { kind: 'none' } }],
    [
      'notebook/jupyter',
      {
        permission: 'manage',
        key: { kind: 'authorization', scheme: 'token' },
        underBasePath: true,
        websocket: true,
        page: '/lab',
      },
    ],
  ] as [string, Partial<ServiceAccess>][])('%s', (path, access) => {
    const environment = path === 'storage/minio' ? { MINIO_ROOT_PASSWORD: '8-letters' } : {};
    const result = builtIn.services.resolve(path, { environment });
    expect(result).toHaveProperty('service.access', {
      underBasePath: false,
      websocket: false,
      ...access,
    });
  });

  test.each([
    ['an engine', { models: '/v1/models' }, 'infer'],
    ['anything else', {}, 'manage'],
  ])('%s that says nothing', (_name, probes, permission) => {
    const { service, ...recipe } = recipeSchema.parse({
      ...plain,
      probes: { health: '/', ...probes },
    });
    if (service === undefined) throw new Error('it is a service');
    const entry = { path: 'plain', recipe: { ...recipe, service } };
    expect(resolveService(entry, {})).toHaveProperty('service.access', {
      permission,
      key: bearer,
      underBasePath: false,
      websocket: false,
    });
  });

  test.each([
    [{ authorization: 'Basic x' }, 'key.authorization', 'must be one word'],
    [{ authorization: 'Bearer\r\nX: y' }, 'key.authorization', 'must be one word'],
    [{ header: 'Api-Key' }, 'key.header', 'must be the name of a header'],
    [{ header: 'a b' }, 'key.header', 'must be the name of a header'],
    [{ header: 'authorization' }, 'key.header', 'must not be a header that requests need'],
    [{ header: 'cookie' }, 'key.header', 'must not be a header that requests need'],
    [{ header: 'content-length' }, 'key.header', 'must not be a header that requests need'],
    [{ header: 'sec-websocket-key' }, 'key.header', 'must not be a header that requests need'],
    [
      { header: 'api-key', authorization: 'Bearer' },
      'key',
      'must be none, {authorization: SCHEME}',
    ],
    ['Bearer', 'key', 'must be none, {authorization: SCHEME}'],
    [null, 'key', 'must be none, {authorization: SCHEME}'],
  ])('no key like %j', (key, path, words) => {
    const { error } = accessSchema.safeParse({ key });
    const told = error?.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
    expect(told).toEqual([expect.stringContaining(`${path} ${words}`)]);
  });

  const engine = { health: '/', models: '/v1/models' };
  test.each([
    [{ health: '/', private: '/x' }, {}, []],
    [engine, {}, []],
    [
      { health: '/', private: '/x' },
      { key: 'none' },
      ['probes.private needs a key that service.access carries'],
    ],
    [{ ...engine, private: '/x' }, {}, ['probes.private is for what has no probes.models']],
    [
      engine,
      { key: { header: 'api-key' } },
      ['service.access.key must be {authorization: Bearer} with probes.models'],
    ],
  ])('probes %j and access %j', (probes, access, problems) => {
    const service = { ...plain.service, access };
    const { error } = recipeSchema.safeParse({ ...plain, probes, service });
    const told = error?.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`) ?? [];
    expect(told).toEqual(problems);
  });
});
