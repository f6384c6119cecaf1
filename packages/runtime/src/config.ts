import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { errorRecord } from './error-record.ts';
import { nearestWord } from './nearest-word.ts';

/** Environment of a process, as Node gives it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One variable that is wrong, missing or unknown. */
export interface ConfigProblem {
  readonly variable: string;
  readonly message: string;
}

/** Every problem of the configuration at once. `exitCode` is EX_CONFIG of sysexits.h. */
export class ConfigError extends Error {
  readonly exitCode = 78;
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const lines = problems.map(({ variable, message }) => `  ${variable}: ${message}`);
    super(`The configuration is not usable:\n${lines.join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** A schema of environment variables: an object, or an object with a transform behind it. */
export type ConfigSchema = z.ZodObject | z.ZodPipe<z.ZodObject, z.ZodType>;

/**
 * Names with our prefix that some process or script of Wakefield reads. They may be set for all of them alike,
 * so only names outside this list are taken for typing errors.
 */
const ours = [
  'WAKEFIELD_AUTH',
  'WAKEFIELD_CLUSTERS',
  'WAKEFIELD_DATA',
  'WAKEFIELD_INSTALLATION',
  'WAKEFIELD_LIMITS',
  'WAKEFIELD_RECIPES',
] as const;
const oursForTests = 'WAKEFIELD_TEST_';

/**
 * Reads this process's variables. Empty ones count as unset; those marked with a file variant may come as
 * `<NAME>_FILE`; an unknown `WAKEFIELD_…` is an error, because it is most likely a typing error.
 * @returns the parsed value, frozen all the way down
 * @throws {ConfigError} that lists every problem
 */
export function loadConfig<S extends ConfigSchema>(schema: S, env: Environment): z.output<S> {
  const shape = (schema instanceof z.ZodObject ? schema : schema.in).shape;
  const problems: ConfigProblem[] = [];
  const input = readVariables(shape, env, problems);
  problems.push(...unknownVariables(shape, env));
  const parsed = schema.safeParse(input);
  if (!parsed.success) {
    const known = new Set(problems.map(({ variable }) => variable));
    problems.push(
      ...parsed.error.issues
        .map((issue) => toProblem(issue, input))
        .filter(({ variable }) => !known.has(variable)),
    );
  }
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  return freezeDeep(parsed.data) as z.output<S>;
}

function readVariables(
  shape: z.ZodObject['shape'],
  env: Environment,
  problems: ConfigProblem[],
): Record<string, string> {
  const input: Record<string, string> = {};
  for (const [variable, piece] of Object.entries(shape)) {
    const value = whenSet(env[variable]);
    const path = hasFileVariant(piece) ? whenSet(env[`${variable}_FILE`]) : undefined;
    if (value !== undefined && path !== undefined) {
      problems.push({ variable, message: `set either ${variable} or ${variable}_FILE, not both` });
    }
    if (value !== undefined) input[variable] = value;
    else if (path !== undefined) readInto(input, variable, path, problems);
  }
  return input;
}

function readInto(
  input: Record<string, string>,
  variable: string,
  path: string,
  problems: ConfigProblem[],
): void {
  try {
    input[variable] = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    const { code = 'unreadable' } = errorRecord(error);
    problems.push({ variable, message: `${variable}_FILE names ${path}: ${code}` });
  }
}

function unknownVariables(shape: z.ZodObject['shape'], env: Environment): ConfigProblem[] {
  const known = new Set<string>(ours);
  for (const [variable, piece] of Object.entries(shape)) {
    known.add(variable);
    if (hasFileVariant(piece)) known.add(`${variable}_FILE`);
  }
  return Object.keys(env)
    .filter((name) => name.startsWith('WAKEFIELD_') && !name.startsWith(oursForTests))
    .filter((name) => !known.has(name))
    .map((variable) => {
      const nearest = nearestWord(variable, [...known]);
      const hint = nearest === null ? 'unset it' : `did you mean ${nearest}?`;
      return { variable, message: `no such variable; ${hint}` };
    });
}

function toProblem(
  issue: z.core.$ZodIssue,
  input: Readonly<Record<string, string>>,
): ConfigProblem {
  const variable = String(issue.path[0] ?? 'configuration');
  const missing = issue.path.length === 1 && issue.code === 'invalid_type' && !(variable in input);
  return { variable, message: missing ? 'has to be set' : issue.message };
}

/** Looks through `.optional()`, `.default()` and the like for the mark. */
function hasFileVariant(piece: z.core.$ZodType): boolean {
  if (z.globalRegistry.get(piece)?.fileVariant === true) return true;
  const inner = (piece._zod.def as { readonly innerType?: z.core.$ZodType }).innerType;
  return inner !== undefined && hasFileVariant(inner);
}

function whenSet(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

function freezeDeep(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const inner of Object.values(value)) freezeDeep(inner);
  return Object.freeze(value);
}
