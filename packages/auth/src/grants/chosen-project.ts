import type { Principal } from '@wakefield/domain';
import { type DefaultProjectRule, projectName } from '../config/schema.ts';
import { type Claims, claimAt } from './claim-at.ts';

/** The project that a token says its holder means who names none. What is no name of a project chooses nothing. */
export function chosenProject(
  rule: DefaultProjectRule | undefined,
  claims: Claims,
): Pick<Principal, 'defaultProject'> {
  const said = rule === undefined ? undefined : claimAt(claims, rule.claim);
  const { data } = projectName.safeParse(said);
  if (rule === undefined || data === undefined) return {};
  return { defaultProject: rule.lowerCase ? data.toLowerCase() : data };
}
