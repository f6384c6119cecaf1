import type { ErrorCode } from '@wakefield/domain';
import { z } from 'zod';
import { acceptedSchema, idempotencyKey } from '../http/commands.ts';
import { hfModelId, projectName, uuid } from '../http/fields.ts';
import type { EndpointAnswer } from './endpoint.ts';
import { acceptedCommand } from './examples.ts';

/** Swagger UI fills examples in, so this one is the project that `npm start` makes. */
const project = projectName.meta({
  description: 'Accounting string of the HPC compute project.',
  example: 'demo',
});

export const projectParams = z.strictObject({ project });

export const modelParams = z.strictObject({
  project,
  hf_model_id: hfModelId.meta({ description: 'May hold slashes, encoded (`%2F`) or not.' }),
});

export const commandParams = z.strictObject({ project, id: uuid });

export const mutationHeaders = z.object({
  'Idempotency-Key': idempotencyKey.optional().meta({
    description:
      'Up to 255 printable characters. The same key with the same request acts once: a repetition is answered with the first outcome, what the answer shows as it is now, and `Idempotency-Replayed: true`. Keys are remembered for 30 days; one whose command met an unreachable cluster is free at once.',
  }),
});

/** `X-Request-Timeout`: more than 0. */
export const requestTimeout = z.string().regex(/^(?!0+(\.0+)?$)\d{1,9}(\.\d{1,3})?$/);

/** Errors of every change: the key, its body, its acceptance. */
export const mutationErrors: readonly ErrorCode[] = [
  'invalid_request',
  'invalid_json',
  'forbidden',
  'project_not_found',
  'idempotency_key_reused',
  'request_timeout',
  'payload_too_large',
  'unsupported_media_type',
  'store_unavailable',
];

/** Errors of every look at something of a project. */
export const readErrors: readonly ErrorCode[] = [
  'invalid_request',
  'forbidden',
  'project_not_found',
  'store_unavailable',
];

const location = 'Where to ask what became of the command.';
export const replayed = 'true when the answer is that of an earlier request with the same key.';

/** The answer while the scheduler has not got to it within two seconds. */
export const pendingAnswer: EndpointAnswer = {
  description: 'Accepted, and not yet applied. Nothing is lost: ask for the command at `Location`.',
  schema: acceptedSchema,
  example: { command: acceptedCommand },
  headers: { Location: location, 'Idempotency-Replayed': replayed },
};

/** Headers of a list that may be cut by `limit`. */
export const pageHeaders = {
  Link: 'The next page, as `<…>; rel="next"`; absent on the last.',
  'X-Next-After': 'The value for `after` of the next page; absent on the last.',
};
