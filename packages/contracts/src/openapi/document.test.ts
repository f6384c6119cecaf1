import { describe, expect, it, test } from '@jest/globals';
import type { z } from 'zod';
import { errorTable } from '../error-table.ts';
import { errorSchema } from '../http/error.ts';
import { serviceNoticeSchema } from '../http/service-notice.ts';
import { buildOpenApiDocument, endpoints } from './document.ts';
import { errorsOf } from './endpoint.ts';

const document = buildOpenApiDocument('1.2.3');

/** Every `$ref` of a JSON value. */
function refs(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(refs);
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '$ref' && typeof inner === 'string' ? [inner] : refs(inner),
  );
}

describe('the API document', () => {
  it('has every path of the interface', () => {
    expect(Object.keys(document.paths).sort()).toEqual([
      '/api/v1/recipes',
      '/api/v1/recipes/{recipe_path}',
      '/api/v1/services',
      '/api/v1/services/{id}',
      '/api/v1/services/{id}/logs',
      '/api/v1/services/{id}/proxy/{path}',
      '/api/v1/services/{id}/status',
      '/api/v1/services/{id}/visits',
      '/api/v1/vllm/services',
      '/api/v1/vllm/{id}/models',
      '/api/v1/vllm/{id}/prompt',
      '/auth/callback/{issuer}',
      '/auth/login',
      '/auth/logout',
      '/auth/session',
      '/health',
      '/openapi.json',
      '/ops/login',
      '/ops/logout',
      '/ops/queues',
      '/ops/queues.json',
      '/p',
      '/p/{project}',
      '/p/{project}/commands',
      '/p/{project}/commands/{id}',
      '/p/{project}/models',
      '/p/{project}/models/scale',
      '/p/{project}/models/sleep',
      '/p/{project}/models/{hf_model_id}',
      '/p/{project}/openai/v1/chat/completions',
      '/p/{project}/openai/v1/completions',
      '/p/{project}/openai/v1/embeddings',
      '/p/{project}/openai/v1/models',
      '/p/{project}/openai/v1/realtime',
      '/p/{project}/usage',
      '/swagger/index.html',
    ]);
    expect(document.openapi).toBe('3.1.0');
    expect(document.info.version).toBe('1.2.3');
    expect(document.components.securitySchemes).toHaveProperty('bearer');
  });

  it('refers only to what it holds', () => {
    const found = refs(document);
    expect(found.length).toBeGreaterThan(50);
    for (const ref of found) {
      const held = ref
        .slice(2)
        .split('/')
        .reduce<unknown>((here, key) => (here as Record<string, unknown>)[key], document);
      expect({ ref, held: held !== undefined }).toEqual({ ref, held: true });
    }
  });

  it('is the same every time', () => {
    expect(buildOpenApiDocument('1.2.3')).toEqual(document);
  });
});

test('what we call is described, too, with a legal example', () => {
  const { post } = document.webhooks.service as { readonly post: OperationWithBody };
  const { schema, example } = post.requestBody.content['application/json'];
  expect(schema).toEqual({ $ref: '#/components/schemas/ServiceNotice' });
  expect(serviceNoticeSchema.parse(example)).toEqual(example);
});

interface OperationWithBody {
  readonly requestBody: {
    readonly content: {
      readonly 'application/json': { readonly schema: object; readonly example: unknown };
    };
  };
}

describe('endpoints', () => {
  it.each(endpoints.map((endpoint) => [`${endpoint.method} ${endpoint.path}`, endpoint] as const))(
    '%s has legal examples, and errors for whatever may go wrong',
    (_name, endpoint) => {
      for (const value of Object.values(endpoint.body?.examples ?? {})) {
        expect(endpoint.body?.schema.safeParse(value).error).toBeUndefined();
      }
      for (const answer of Object.values(endpoint.answers)) {
        if (answer.schema === undefined) continue;
        expect(answer.example).toBeDefined();
        expect(answer.schema.safeParse(answer.example).error).toBeUndefined();
      }
      const statuses = errorsOf(endpoint).map((code) => errorTable[code].status);
      expect(statuses).toContain(500);
      expect(statuses.includes(401) || endpoint.open === true).toBe(true);
      if (endpoint.body !== undefined) expect(statuses).toContain(413);
      const inPath = [...endpoint.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect(Object.keys(endpoint.params?.shape ?? {})).toEqual(inPath);
    },
  );

  it('have unique operation ids', () => {
    const ids = endpoints.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('give every error code that they answer with an example in the envelope', () => {
    const { examples } = document.components as unknown as {
      examples: Record<string, { value: unknown }>;
    };
    const answered = new Set(endpoints.flatMap(errorsOf));
    expect(Object.keys(examples).sort()).toEqual([...answered].sort());
    for (const { value } of Object.values(examples)) errorSchema.parse(value);
  });

  it('tells clients of the door behind which a call goes, and of the ways in', () => {
    const queues = document.paths['/ops/queues.json']?.get as {
      readonly security: readonly object[];
      readonly responses: object;
    };
    expect(queues.security).toEqual([{ bearer: [] }, { session: [] }, { login: [] }]);
    expect(queues.responses).toHaveProperty('502');
    expect(document.paths['/health']?.get).not.toHaveProperty('responses.502');
    const list = document.paths['/p/{project}/models']?.get as {
      readonly parameters: readonly { readonly name: string; readonly schema: object }[];
    };
    const limit = list.parameters.find(({ name }) => name === 'limit');
    expect(limit?.schema).toMatchObject({ type: 'integer', minimum: 1, maximum: 1000 });
  });

  it('publishes bounds and defaults as they are checked', () => {
    const body = document.components.schemas.RegisterModel as z.core.JSONSchema.ObjectSchema;
    expect(body.required).toEqual(['hf_model_id', 'gpu_count']);
    expect(body.additionalProperties).toBe(false);
    expect(body.properties?.walltime).toMatchObject({
      type: 'integer',
      minimum: 60,
      maximum: 2_592_000,
      default: 3600,
    });
    expect(body.properties?.walltime_ratio).toMatchObject({ type: 'number', default: 0.9 });
    expect(body.properties?.is_refreshing).toMatchObject({ default: true });
  });
});
