import { HeappeError } from '../http/heappe-error.ts';
import type { Project, RoleName, User } from '../world/types.ts';

export const roleNumbers: Readonly<Record<RoleName, number>> = {
  Administrator: 1,
  Maintainer: 2,
  Submitter: 3,
  GroupReporter: 4,
  Reporter: 5,
  ManagementAdmin: 6,
  Manager: 7,
};

const contained: Readonly<Record<RoleName, readonly RoleName[]>> = {
  Administrator: [
    'Maintainer',
    'Submitter',
    'GroupReporter',
    'Reporter',
    'ManagementAdmin',
    'Manager',
  ],
  Maintainer: ['Submitter', 'GroupReporter', 'Reporter', 'ManagementAdmin', 'Manager'],
  Manager: ['Submitter', 'GroupReporter', 'Reporter'],
  Submitter: ['GroupReporter', 'Reporter'],
  GroupReporter: ['Reporter'],
  Reporter: [],
  ManagementAdmin: [],
};

/** Roles that a person has in a project, those contained in others included. */
export function rolesIn(user: User, projectId: number): ReadonlySet<RoleName> {
  const given = user.roles[projectId] ?? [];
  return new Set(given.flatMap((role) => [role, ...contained[role]]));
}

/** @throws HeappeError 404 for a project that is unknown or over, 401 without the role */
export function requireRole(
  user: User,
  role: RoleName,
  project: Project | undefined,
  now: number,
): Project {
  if (project === undefined || project.deleted || project.endDate < now) {
    throw new HeappeError(
      'validation',
      'ProjectNotFound',
      'The specified project is not defined in the HEAppE.',
    );
  }
  if (!rolesIn(user, project.id).has(role)) {
    throw new HeappeError('unauthorized', `MissingRole:${role}_ForProject:${project.id}`);
  }
  return project;
}

/** The role in any project that is not over. @throws HeappeError 401 */
export function requireRoleSomewhere(
  user: User,
  roles: readonly RoleName[],
  projects: readonly Project[],
  now: number,
): readonly Project[] {
  const found = projects.filter((project) => {
    const held = rolesIn(user, project.id);
    return !project.deleted && project.endDate >= now && roles.some((role) => held.has(role));
  });
  if (found.length === 0) throw new HeappeError('unauthorized', `MissingRole:${roles[0]}`);
  return found;
}
