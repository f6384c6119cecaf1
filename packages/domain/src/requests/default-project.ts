import type { ProjectName } from '../vocabulary/ids.ts';
import type { Project } from '../vocabulary/project.ts';
import type { Principal } from './access.ts';
import { decideAccess, type OperationName } from './rights.ts';

/**
 * The project that a request means which names none: the one that was chosen for its caller, as if they named it, whether
 * they may do this there or not. Where none was chosen, of those in which they may the one that was activated first:
 * that stays the same whatever is activated later.
 * @returns null: there is none
 */
export function defaultProject(
  principal: Principal,
  operation: OperationName,
  projects: readonly Pick<Project, 'name' | 'createdAt'>[],
): ProjectName | null {
  if (principal.defaultProject !== undefined) return principal.defaultProject;
  const first = projects
    .filter(({ name }) => decideAccess(principal, operation, name) === 'granted')
    .toSorted((a, b) => a.createdAt - b.createdAt || (a.name < b.name ? -1 : 1))[0];
  return first?.name ?? null;
}
