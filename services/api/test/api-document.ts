import { buildOpenApiDocument, type OpenApiDocument } from '@wakefield/contracts';
import { z } from 'zod';

interface Operation {
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>> }>
  >;
}

/** The published document with references as JSON Schema has them. */
const document = JSON.parse(
  JSON.stringify(buildOpenApiDocument('test')).replaceAll('#/components/schemas/', '#/$defs/'),
) as OpenApiDocument;

const schemas = new Map<object, z.ZodType>();

/**
 * What is wrong with an answer according to the API document: an undocumented status, another content type,
 * or a body that does not fit.
 * @returns null when it is as documented
 */
export function undocumented(
  method: string,
  path: string,
  answer: { readonly status: number; readonly contentType: string | null; readonly body: unknown },
): string | null {
  const operation = find(method, path);
  // Refusals of unknown paths and methods belong to no operation; they have the envelope all the same.
  if (operation === null) return fits(errorSchema, answer.body, `${method} ${path}`);
  const response = operation.responses[answer.status];
  if (response === undefined) return `${method} ${path} may not answer ${answer.status}`;
  if (response.content === undefined) {
    return answer.body === null ? null : `${method} ${path} ${answer.status} has no body`;
  }
  const type = answer.contentType?.split(';', 1)[0] ?? '';
  const content = response.content[type];
  if (content === undefined) return `${method} ${path} ${answer.status} may not be "${type}"`;
  if (type !== 'application/json') return null;
  return fits(content.schema, answer.body, `${method} ${path} ${answer.status}`);
}

const errorSchema = { $ref: '#/$defs/Error' };

function fits(schema: object, value: unknown, what: string): string | null {
  const known = schemas.get(schema);
  const compiled =
    known ??
    z.fromJSONSchema({
      ...schema,
      $defs: document.components.schemas,
    } as z.core.JSONSchema.JSONSchema);
  if (known === undefined) schemas.set(schema, compiled);
  const { error } = compiled.safeParse(value);
  return error === undefined ? null : `${what}: ${z.prettifyError(error)}`;
}

function find(method: string, url: string): Operation | null {
  const path = url.split('?', 1)[0] ?? '';
  // The most literal one: `/models/scale` before `/models/{hf_model_id}`.
  const operations = Object.keys(document.paths)
    .filter((template) => matches(template, path))
    .sort((a, b) => variables(a) - variables(b))
    .map((template) => document.paths[template]?.[method.toLowerCase()] as Operation | undefined);
  return operations.find((operation) => operation !== undefined) ?? null;
}

function variables(template: string): number {
  return template.split('{').length;
}

function matches(template: string, path: string): boolean {
  const source = template
    .replaceAll('.', '\\.')
    .replaceAll(/\{(hf_model_id|recipe_path)\}/g, '.+')
    .replaceAll(/\{\w+\}/g, '[^/]+');
  return new RegExp(`^${source}$`).test(path);
}
