import { z } from 'zod';
import { API_VERSION, healthSchema, queuesSchema } from '../http/about.ts';
import type { Endpoint } from './endpoint.ts';
import { queues } from './examples.ts';

export const aboutEndpoints: readonly Endpoint[] = [
  {
    method: 'get',
    path: '/health',
    operationId: 'health',
    atTheDoor: true,
    tag: 'About',
    summary: 'Whether the service is online, and its versions',
    description: 'Says OK even while the stores are down; `/readyz` on the ops port tells more.',
    open: true,
    answers: {
      200: {
        description: 'It is online.',
        schema: healthSchema,
        example: { status: 'OK', version: '0.1.0', api_version: API_VERSION },
      },
    },
    errors: [],
  },
  {
    method: 'get',
    path: '/swagger/index.html',
    operationId: 'swagger',
    tag: 'About',
    summary: 'This document, to read and to try',
    open: true,
    answers: { 200: { description: 'A page.', otherContentType: 'text/html' } },
    errors: [],
  },
  {
    method: 'get',
    path: '/openapi.json',
    operationId: 'openapi',
    tag: 'About',
    summary: 'This document as OpenAPI 3.1',
    open: true,
    answers: {
      200: {
        description: 'The document.',
        schema: z.looseObject({ openapi: z.string() }),
        example: { openapi: '3.1.0' },
      },
    },
    errors: [],
  },
  {
    method: 'get',
    path: '/ops/queues',
    operationId: 'queueDashboard',
    cookie: true,
    tag: 'Operations',
    summary: 'Queue dashboard',
    description:
      'A page for browsers. Without a key it leads to the login form at `/ops/login`, which sets a cookie.',
    answers: {
      200: { description: 'The dashboard.', otherContentType: 'text/html' },
      303: {
        description: 'To the login form.',
        headers: { Location: 'The path of the login form.' },
      },
    },
    errors: ['forbidden'],
  },
  {
    method: 'get',
    path: '/ops/queues.json',
    operationId: 'queueFigures',
    cookie: true,
    tag: 'Operations',
    summary: 'Figures of every queue',
    answers: { 200: { description: 'Queues by name.', schema: queuesSchema, example: queues } },
    errors: ['forbidden', 'store_unavailable'],
  },
  {
    method: 'get',
    path: '/ops/login',
    operationId: 'loginForm',
    tag: 'Operations',
    summary: 'Login form of the queue dashboard',
    open: true,
    answers: { 200: { description: 'A page.', otherContentType: 'text/html' } },
    errors: [],
  },
  {
    method: 'post',
    path: '/ops/login',
    operationId: 'login',
    tag: 'Operations',
    summary: 'Log a browser in to the queue dashboard',
    open: true,
    body: {
      schema: z.strictObject({
        key: z.string().min(1).max(4096),
        username: z.string().max(64).optional().meta({
          description: 'Ignored; password managers want it.',
        }),
      }),
      required: true,
      contentType: 'application/x-www-form-urlencoded',
      examples: { login: { key: 'the static key' } },
    },
    answers: {
      303: {
        description: 'To the dashboard.',
        headers: { Location: '`/ops/queues`', 'Set-Cookie': 'A session for `/ops`.' },
      },
      401: { description: 'The form again.', otherContentType: 'text/html' },
      429: {
        description: 'The form again: too many attempts from this address within a minute.',
        otherContentType: 'text/html',
        headers: { 'Retry-After': 'Seconds after which to try again.' },
      },
    },
    errors: ['forbidden', 'payload_too_large'],
  },
  {
    method: 'post',
    path: '/ops/logout',
    operationId: 'logout',
    tag: 'Operations',
    summary: 'Log a browser out',
    open: true,
    answers: {
      303: {
        description: 'To the login form.',
        headers: { Location: '`/ops/login`', 'Set-Cookie': 'Ends the session.' },
      },
    },
    errors: ['forbidden'],
  },
];
