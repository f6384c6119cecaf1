import {
  OpenAPIRegistry,
  OpenApiGeneratorV31,
  type ResponseConfig,
  type RouteConfig,
} from '@asteasolutions/zod-to-openapi';
import type { ErrorCode } from '@wakefield/domain';
import { errorHelp } from '../error-help.ts';
import { errorTable } from '../error-table.ts';
import { errorSchema } from '../http/error.ts';
import { aboutEndpoints } from './about-endpoints.ts';
import { type Endpoint, type EndpointAnswer, errorsOf, tags } from './endpoint.ts';
import { modelEndpoints } from './model-endpoints.ts';
import { openaiEndpoints } from './openai-endpoints.ts';
import { projectEndpoints } from './project-endpoints.ts';
import { recipeEndpoints } from './recipe-endpoints.ts';
import { serviceLogsEndpoints } from './service-logs-endpoints.ts';
import { serviceWebhook } from './service-webhook.ts';
import { servicesEndpoints } from './services-endpoints.ts';
import { signInEndpoints } from './sign-in-endpoints.ts';
import { usageEndpoints } from './usage-endpoints.ts';
import { vllmEndpoints } from './vllm-endpoints.ts';

/** Every operation of the public HTTP interface, whichever process answers it. */
export const endpoints: readonly Endpoint[] = [
  ...projectEndpoints,
  ...modelEndpoints,
  ...usageEndpoints,
  ...servicesEndpoints,
  ...serviceLogsEndpoints,
  ...vllmEndpoints,
  ...recipeEndpoints,
  ...openaiEndpoints,
  ...signInEndpoints,
  ...aboutEndpoints,
];

/** An OpenAPI 3.1 document, as plain data. */
export interface OpenApiDocument {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly webhooks: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, unknown>>;
    readonly securitySchemes: Readonly<Record<string, unknown>>;
  };
}

const description = `Turns batch clusters into one OpenAI-compatible URL.

A model is registered asleep. The first request wakes it: a batch job is submitted, and the request waits until the
engine is ready. It sleeps again when nobody asks.

Every change is accepted as a *command* that the scheduler applies; the answer waits up to two seconds for it. If that
is not enough, the answer is 202 with the command's location, and nothing is lost.

Every answer carries \`X-Request-Id\` (yours, if you send a sane one), and every error has the same envelope.`;

/**
 * The API document, from the same schemas that check requests.
 * @param version of the product
 */
export function buildOpenApiDocument(version: string): OpenApiDocument {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description:
      'An access token of an issuer that this installation knows, or its static key: `Authorization: Bearer <token or key>`.',
  });
  registry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey',
    in: 'cookie',
    name: 'wakefield_session',
    description:
      'What signing in at `/auth/login` sets (`__Host-wakefield_session` over https). Changes are taken from pages of this site alone.',
  });
  registry.registerComponent('securitySchemes', 'login', {
    type: 'apiKey',
    in: 'cookie',
    name: 'wakefield_login',
    description: 'What `POST /ops/login` sets.',
  });
  for (const code of new Set(endpoints.flatMap(errorsOf))) {
    registry.registerComponent('examples', code, {
      summary: errorHelp[code].meaning,
      value: errorExample(code),
    });
  }
  for (const endpoint of endpoints) registry.registerPath(routeOf(endpoint));
  registry.registerWebhook(serviceWebhook);
  const document = new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Wakefield',
      version,
      description,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: Object.entries(tags).map(([name, text]) => ({ name, description: text })),
  });
  // Through JSON: what is checked and served is exactly what is published.
  return JSON.parse(JSON.stringify(document)) as OpenApiDocument;
}

function routeOf(endpoint: Endpoint): RouteConfig {
  const { body, params, query, headers } = endpoint;
  return {
    method: endpoint.method,
    path: endpoint.path,
    operationId: endpoint.operationId,
    tags: [endpoint.tag],
    summary: endpoint.summary,
    ...(endpoint.description === undefined ? {} : { description: endpoint.description }),
    security: securityOf(endpoint),
    request: {
      ...(params === undefined ? {} : { params }),
      ...(query === undefined ? {} : { query }),
      ...(headers === undefined ? {} : { headers }),
      ...(body === undefined ? {} : { body: bodyOf(body) }),
    },
    responses: {
      ...Object.fromEntries(
        Object.entries(endpoint.answers).map(([status, answer]) => [status, answerOf(answer)]),
      ),
      ...errorAnswers(endpoint),
    },
  };
}

function securityOf({ open, cookie }: Endpoint): NonNullable<RouteConfig['security']> {
  if (open) return [];
  return [{ bearer: [] }, { session: [] }, ...(cookie ? [{ login: [] }] : [])];
}

function bodyOf(body: NonNullable<Endpoint['body']>) {
  return {
    required: body.required,
    content: {
      [body.contentType ?? 'application/json']: {
        schema: body.schema,
        examples: named(body.examples),
      },
    },
  };
}

function answerOf(answer: EndpointAnswer): ResponseConfig {
  const { schema, example, otherContentType, otherExample, plainExample } = answer;
  const content = {
    ...(schema === undefined ? {} : { 'application/json': { schema, example } }),
    ...(plainExample === undefined
      ? {}
      : { 'text/plain': { schema: { type: 'string' as const }, example: plainExample } }),
    ...(otherContentType === undefined
      ? {}
      : {
          [otherContentType]: {
            schema: { type: 'string' as const },
            ...(otherExample === undefined ? {} : { example: otherExample }),
          },
        }),
  };
  return {
    description: answer.description,
    headers: headersOf(answer.headers ?? {}),
    ...(Object.keys(content).length === 0 ? {} : { content }),
  };
}

/** One response per status; several codes of a status are its examples. */
function errorAnswers(endpoint: Endpoint): Record<string, ResponseConfig> {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of errorsOf(endpoint)) {
    const { status } = errorTable[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const answers: Record<string, ResponseConfig> = {};
  for (const [status, codes] of byStatus) {
    // A page that answers this status by itself (the login form) keeps its own description.
    if (endpoint.answers[status] !== undefined) continue;
    answers[status] = {
      description: codes.map((code) => `\`${code}\`: ${errorHelp[code].meaning}`).join('\n\n'),
      headers: headersOf(errorHeadersOf(status, codes)),
      content: {
        'application/json': {
          schema: errorSchema,
          examples: Object.fromEntries(
            codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]),
          ),
        },
      },
    };
  }
  return answers;
}

function errorHeadersOf(status: number, codes: readonly ErrorCode[]): Record<string, string> {
  return {
    ...(status === 401 ? { 'WWW-Authenticate': 'How to authenticate.' } : {}),
    ...(status === 503 || status === 429
      ? { 'Retry-After': 'Seconds after which to try again.' }
      : {}),
    ...(status === 429 || codes.some((code) => errorTable[code].retry !== null)
      ? { 'X-Should-Retry': '`true` or `false`: whether the same request may succeed later.' }
      : {}),
  };
}

function errorExample(code: ErrorCode): unknown {
  const { example, param } = errorHelp[code];
  const { type } = errorTable[code];
  return {
    error: { message: example, type, code, param, request_id: 'req_0d4c1f7e9b2a4c5d8e6f' },
  };
}

function named(examples: Readonly<Record<string, unknown>>) {
  return Object.fromEntries(
    Object.entries(examples).map(([name, value]) => [name, { summary: name, value }]),
  );
}

function headersOf(headers: Readonly<Record<string, string>>) {
  return Object.fromEntries(
    Object.entries({
      'X-Request-Id': 'Id of the request, for questions and logs.',
      ...headers,
    }).map(([name, text]) => [name, { description: text, schema: { type: 'string' as const } }]),
  );
}
