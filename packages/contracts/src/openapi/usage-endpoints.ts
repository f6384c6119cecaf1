import { type UsageJson, usageQuery, usageSchema } from '../http/usage.ts';
import type { Endpoint } from './endpoint.ts';
import { pageHeaders, projectParams, readErrors } from './parameters.ts';

const figures = {
  requests: {
    total: 1240,
    services: 118,
    ok: 1221,
    client_error: 9,
    server_error: 2,
    left: 8,
    lost: 0,
    cut: 1,
    estimated: 9,
  },
  tokens: {
    prompt: 812_402,
    completion: 301_155,
    total: 1_113_557,
    cached: 120_064,
    estimated: 5310,
    estimated_share: 0.0048,
  },
  seconds: { total: 5120.4, first_byte: 402.1, first_bytes: 1229, held: 96.2 },
  bytes: { up: 91_204, down: 48_210_733 },
};

const usage: UsageJson = {
  project: 'eu-00-00',
  from: '2026-11-01T00:00:00.000Z',
  to: '2026-11-22T09:00:00.000Z',
  kept_from: '2023-11-23T09:00:00.000Z',
  of: 'everybody',
  totals: figures,
  groups: [{ model: 'Qwen/Qwen3-8B', day: '2026-11-21T00:00:00.000Z', ...figures }],
};

export const usageEndpoints: readonly Endpoint[] = [
  {
    method: 'get',
    path: '/p/{project}/usage',
    operationId: 'getUsage',
    tag: 'Projects',
    summary: 'Requests, tokens and bytes of a project, summed up',
    description:
      'By whole hours in UTC; a request belongs to the hour in which it ended, and is counted a few seconds after that. Who manages the project sees everybody’s, others what is their own. What is counted and how exactly: docs/usage.md.',
    params: projectParams,
    query: usageQuery,
    answers: {
      200: {
        description:
          'Totals, and at most `limit` groups (100 where it is not given) in the order of `group_by`; days and hours without a request are left out.',
        schema: usageSchema,
        example: usage,
        headers: pageHeaders,
      },
    },
    errors: readErrors,
  },
];
