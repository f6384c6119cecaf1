import { readFile } from 'node:fs/promises';
import {
  defaultLimitRules,
  type LimitRules,
  noLimits,
  type RequestLimits,
  type ScopeRules,
} from '@wakefield/domain';
import { checkYaml } from '@wakefield/runtime/yaml';
import { limitsFile } from './schema.ts';

/** limits.yaml cannot be used. One line per problem: file, line, path, what is wrong. */
export class LimitsFileError extends Error {
  /** EX_CONFIG of sysexits.h. */
  readonly exitCode = 78;
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'LimitsFileError';
  }
}

/**
 * Reads and checks limits.yaml.
 * @throws LimitsFileError with every problem at once
 */
export async function loadLimits(path: string): Promise<LimitRules> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const missing = 'is not there. Begin with a copy of deploy/limits.example.yaml.';
    const words = code === 'ENOENT' ? missing : `cannot be read: ${message}`;
    throw new LimitsFileError(`${path} ${words}`, error);
  }
  return parseLimits(text, path);
}

/** {@link loadLimits} on text; `path` is for messages. */
export function parseLimits(text: string, path: string): LimitRules {
  const checked = checkYaml(limitsFile, text, path);
  if (checked.problems !== null) throw new LimitsFileError(checked.problems.join('\n'));
  const { burst, defaults, principals, projects, models, queue } = checked.data;
  const weights = Object.entries(principals).flatMap(([name, { weight }]) =>
    weight === undefined ? [] : [[name, weight] as const],
  );
  return {
    burstMs: burst,
    scopes: {
      principal: scopeOf(defaults.principal, principals),
      project: scopeOf(defaults.project, projects),
      model: scopeOf(defaults.model, models),
    },
    weights: new Map(weights),
    defaultWeight: defaults.principal.weight ?? defaultLimitRules.defaultWeight,
    queue:
      queue === null
        ? null
        : { surplus: queue.surplus, perModel: queue.perModel, waitMs: queue.wait },
  };
}

/** As it stands in the file: what is absent is as elsewhere. */
type Said = { readonly [Name in keyof RequestLimits]?: RequestLimits[Name] | undefined };

function scopeOf(said: Said, named: Readonly<Record<string, Said>>): ScopeRules {
  const defaults = over(noLimits, said);
  return {
    defaults,
    named: new Map(Object.entries(named).map(([name, own]) => [name, over(defaults, own)])),
  };
}

function over(base: RequestLimits, said: Said): RequestLimits {
  const { requestsPerMinute, tokensPerMinute, concurrentRequests } = said;
  return {
    requestsPerMinute: requestsPerMinute === undefined ? base.requestsPerMinute : requestsPerMinute,
    tokensPerMinute: tokensPerMinute === undefined ? base.tokensPerMinute : tokensPerMinute,
    concurrentRequests:
      concurrentRequests === undefined ? base.concurrentRequests : concurrentRequests,
  };
}
