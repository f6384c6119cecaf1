import type { ServiceSpec } from '@wakefield/domain';
import type { Service, Variable } from './service-schema.ts';

/** What is shown in the place of a secret. */
export const hidden = '(secret)';

export function isSecret(
  variable: Variable | undefined,
): variable is Extract<Variable, { sets: 'environment' }> {
  return variable?.sets === 'environment' && variable.secret === true;
}

/** What a job has in its environment, and what is for its files alone. */
export function apart(
  { variables }: Service,
  exported: ServiceSpec['exported'],
): Record<'environment' | 'secrets', ServiceSpec['exported']> {
  const { secrets = [], environment = [] } = Object.groupBy(Object.entries(exported), ([name]) =>
    isSecret(variables[name]) ? 'secrets' : 'environment',
  );
  return { environment: Object.fromEntries(environment), secrets: Object.fromEntries(secrets) };
}
