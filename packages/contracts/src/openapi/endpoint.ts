import type { ErrorCode } from '@wakefield/domain';
import type { z } from 'zod';

export const tags = {
  Projects: 'Activate projects and look at them.',
  Models: 'Register, wake, scale and unregister models of a project.',
  Services: 'Programs that are run from recipes as jobs: start, look at, reach and stop them.',
  vLLM: 'Shortcuts for services of the recipe inference/vllm.',
  Recipes: 'What can be run as a service, and how it can be set up.',
  Commands: 'What became of an accepted change.',
  OpenAI: 'The OpenAI-compatible interface. Base URL: `/p/{project}/openai/v1`.',
  'Sign-in': 'For browsers: sign in with an account of the site.',
  About: 'Health and this document.',
  Operations: 'For those who run Wakefield.',
} as const;

export type Tag = keyof typeof tags;

/** An answer of an endpoint that is no error. */
export interface EndpointAnswer {
  readonly description: string;
  /** Absent: no body, or one that is not JSON. */
  readonly schema?: z.ZodType;
  readonly example?: unknown;
  /** Of an answer that is not JSON, or may be something else as well. */
  readonly otherContentType?: 'text/html' | 'text/event-stream';
  readonly otherExample?: string;
  /** Of an answer that may be plain text as well. */
  readonly plainExample?: string;
  /** Header names with what they say. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** One operation of the HTTP interface: the API document and the tests of answers are made from it. */
export interface Endpoint {
  readonly method: 'get' | 'put' | 'post' | 'delete';
  /** With `{parameters}` as OpenAPI writes them. */
  readonly path: string;
  readonly operationId: string;
  readonly tag: Tag;
  readonly summary: string;
  readonly description?: string;
  /** No key is needed. */
  readonly open?: true;
  /** The cookie of a browser that has logged in will do, too. */
  readonly cookie?: true;
  /** The proxy answers it by itself; everything else has to reach the api behind it. */
  readonly atTheDoor?: true;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  readonly body?: {
    readonly schema: z.ZodType;
    readonly required: boolean;
    readonly contentType?: 'application/x-www-form-urlencoded';
    readonly examples: Readonly<Record<string, unknown>>;
  };
  readonly answers: Readonly<Record<number, EndpointAnswer>>;
  /** Besides those that `errorsOf` adds. */
  readonly errors: readonly ErrorCode[];
}

/** Error codes of an endpoint: its own, and those that need not be said of each. */
export function errorsOf(endpoint: Endpoint): readonly ErrorCode[] {
  const codes: readonly ErrorCode[] = [
    ...endpoint.errors,
    ...(endpoint.open ? [] : (['invalid_api_key', 'issuer_unavailable', 'overloaded'] as const)),
    ...(endpoint.atTheDoor ? [] : (['upstream_error'] as const)),
    'internal_error',
  ];
  return [...new Set(codes)];
}
