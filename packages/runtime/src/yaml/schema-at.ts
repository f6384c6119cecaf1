import { z } from 'zod';

/**
 * The part of a schema that is for the value at `path`; undefined where the schema has nothing there.
 * @param data the whole value: which of several kinds an object is meant to be stands in it
 */
export function schemaAt(
  schema: unknown,
  data: unknown,
  [key, ...rest]: readonly PropertyKey[],
): unknown {
  const here = ofItsKind(unwrapped(schema), data);
  if (key === undefined) return here;
  return schemaAt(memberOf(here, key), valueAt(data, [key]), rest);
}

/** What stands at `path`; undefined where nothing does. */
export function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    return (value as Readonly<Record<PropertyKey, unknown>>)[key];
  }, data);
}

/** Names that may stand in an object of this schema; empty where any may, or none is known. */
export function knownKeys(schema: unknown): readonly string[] {
  if (schema instanceof z.ZodObject) return Object.keys(schema.shape);
  if (schema instanceof z.ZodRecord && schema.keyType instanceof z.ZodEnum)
    return schema.keyType.options.map(String);
  return [];
}

function memberOf(schema: unknown, key: PropertyKey): unknown {
  if (schema instanceof z.ZodObject)
    return (schema.shape as Readonly<Record<PropertyKey, unknown>>)[key];
  if (schema instanceof z.ZodRecord) return schema.valueType;
  if (schema instanceof z.ZodArray) return schema.element;
  return undefined;
}

/** Of objects that say their kind, the one whose kind the data says. */
function ofItsKind(schema: unknown, data: unknown): unknown {
  if (!(schema instanceof z.ZodDiscriminatedUnion)) return schema;
  const { discriminator } = schema.def;
  const kind = valueAt(data, [discriminator]);
  const fits = (option: unknown) => {
    const literal = memberOf(option, discriminator);
    return literal instanceof z.ZodLiteral && literal.safeParse(kind).success;
  };
  return schema.options.find(fits);
}

/** Inside of its defaults, and before what is made of it. */
function unwrapped(schema: unknown): unknown {
  if (schema instanceof z.ZodPipe) return unwrapped(schema.in);
  if (
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable
  )
    return unwrapped(schema.unwrap());
  return schema;
}
