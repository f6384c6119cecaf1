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

/**
 * @param now null: the project may be over, as for calls about templates
 * @throws HeappeError 404 for a project that is unknown or over, 401 without the role
 */
export function requireRole(
  user: User,
  role: RoleName,
  project: Project | undefined,
  now: number | null,
): Project {
  const isOver = project !== undefined && now !== null && project.endDate < now;
  if (project === undefined || isOver) {
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

/** Projects in which a person has one of the roles, contained ones included; they may be over. */
export function projectsWith(
  user: User,
  roles: readonly RoleName[],
  projects: readonly Project[],
): readonly Project[] {
  return projects.filter(({ id }) => {
    const held = rolesIn(user, id);
    return roles.some((role) => held.has(role));
  });
}

/** The role in any project, be it over. @throws HeappeError 401 */
export function requireRoleSomewhere(
  user: User,
  role: RoleName,
  projects: readonly Project[],
): readonly Project[] {
  const found = projectsWith(user, [role], projects);
  if (found.length === 0) throw new HeappeError('unauthorized', `MissingRole:${role}`);
  return found;
}
