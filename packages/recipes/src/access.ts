import type { ServiceAccess, ServiceKeyUse } from '@wakefield/domain';
import { z } from 'zod';
import type { Recipe } from './schema.ts';
import type { Service } from './service-schema.ts';

/** Headers that belong to the connection, to the body or to whoever calls: a key in one of them would never arrive. */
const taken =
  /^(authorization|cookie|host|connection|upgrade|expect|te|trailer|transfer-encoding|via|origin|referer|(content|proxy|sec|x-forwarded)-.*|x-project)$/;

const scheme = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9-]{0,31}$/, 'must be one word, like Bearer or token');
/** HEAppE takes names of 50 letters (HTTPHeaderExt). */
const header = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,49}$/, 'must be the name of a header in small letters, like api-key')
  .refine(
    (name) => !taken.test(name),
    'must not be a header that requests need for something else',
  );

/** How requests carry the key of a service. Both words stand in headers as they are. */
const keySchema = z.union(
  [z.literal('none'), z.strictObject({ authorization: scheme }), z.strictObject({ header })],
  {
    error: 'must be none, {authorization: SCHEME} like {authorization: Bearer}, or {header: NAME}',
  },
);

/** Who may send requests to a service, and how they carry its key. What it does not say follows from the recipe. */
export const accessSchema = z.strictObject({
  /** What a caller has to be allowed in the project; `infer` where it does what engines do, `manage` where it does more. */
  permission: z.enum(['infer', 'manage']).optional(),
  key: keySchema.optional(),
});

/** Everything that whoever passes requests on has to know, with the defaults filled in. */
export function accessOf(recipe: Recipe & { readonly service: Service }): ServiceAccess {
  const { access, ports, under_base_path: underBasePath } = recipe.service;
  const page = ports.find((port) => port.page !== undefined)?.page;
  return {
    // Engines take requests of whoever may infer. What else there is may be a shell.
    permission: access.permission ?? (recipe.probes.models === undefined ? 'manage' : 'infer'),
    key: keyUseOf(access.key),
    underBasePath,
    websocket: ports.some(({ websocket }) => websocket),
    ...(page === undefined ? {} : { page }),
  };
}

const bearer: ServiceKeyUse = { kind: 'authorization', scheme: 'Bearer' };

/** How requests carry the key of a recipe's job; those that say nothing, and engines of models, go by Bearer. */
export function keyUseOf(key: Service['access']['key']): ServiceKeyUse {
  if (key === undefined) return bearer;
  if (key === 'none') return { kind: 'none' };
  if ('header' in key) return { kind: 'header', name: key.header };
  return { kind: 'authorization', scheme: key.authorization };
}
