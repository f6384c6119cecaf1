import { z } from 'zod';
import { sessionSchema } from '../http/session.ts';
import type { Endpoint } from './endpoint.ts';

const tag = 'Sign-in';
const page = 'text/html';

export const signInEndpoints: readonly Endpoint[] = [
  {
    method: 'get',
    path: '/auth/login',
    operationId: 'signIn',
    tag,
    summary: 'Sign a browser in',
    description:
      'Leads to the issuer (authorization code with PKCE). The answer of the issuer comes to `/auth/callback/{issuer}`.',
    open: true,
    query: z.object({
      issuer: z.string().optional().meta({
        description: 'Name of the issuer; the first of the configuration where it is left out.',
      }),
      return_to: z.string().optional().meta({
        description: 'Page of this site to come back to: below `/swagger`, `/ops` or `/console`.',
        example: '/swagger/index.html',
      }),
    }),
    answers: {
      303: {
        description: 'To the issuer.',
        headers: {
          Location: 'Where to sign in.',
          'Set-Cookie': 'Binds the answer to this browser.',
        },
      },
    },
    errors: ['not_found', 'store_unavailable', 'issuer_unavailable', 'overloaded'],
  },
  {
    method: 'get',
    path: '/auth/callback/{issuer}',
    operationId: 'signInCallback',
    tag,
    summary: 'Where the issuer sends a browser back to',
    open: true,
    params: z.object({
      issuer: z.string().meta({ description: 'Name of the issuer.', example: 'lexis' }),
    }),
    answers: {
      303: {
        description: 'Signed in: back to the page.',
        headers: { Location: 'The page.', 'Set-Cookie': 'The session.' },
      },
      400: { description: 'It did not work, and why.', otherContentType: page },
    },
    errors: ['not_found', 'store_unavailable', 'issuer_unavailable', 'overloaded'],
  },
  {
    method: 'get',
    path: '/auth/session',
    operationId: 'session',
    tag,
    summary: 'Who is signed in',
    open: true,
    answers: {
      200: {
        description: 'The caller as the session says, and where a browser can sign in.',
        schema: sessionSchema,
        example: {
          sign_in: [{ name: 'lexis', title: 'LEXIS Platform' }],
          user: {
            id: 'lexis:4b8f6f0e-8d3a-4a3e-9d3f-0f5a4f1d2c3b',
            grants: [{ project: 'eu-00-00', role: 'manager' }],
          },
        },
      },
    },
    errors: ['store_unavailable', 'issuer_unavailable', 'overloaded'],
  },
  {
    method: 'post',
    path: '/auth/logout',
    operationId: 'signOut',
    tag,
    summary: 'Sign a browser out, here and at the issuer',
    open: true,
    answers: {
      303: {
        description: 'To the sign-out of the issuer, or to a page of this site.',
        headers: { Location: 'Where to go.', 'Set-Cookie': 'Ends the session.' },
      },
    },
    errors: ['forbidden', 'store_unavailable'],
  },
];
