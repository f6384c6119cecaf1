import type { ProjectName } from '../vocabulary/ids.ts';

/** Who calls. OIDC users and API keys add ways to identify, not kinds of right. */
export interface Principal {
  readonly kind: 'static' | 'user' | 'api_key';
  /** Stable id for logs and command rows; never a secret. */
  readonly id: string;
  readonly grants: readonly Grant[];
  /** Chosen for requests that name none; absent: nobody chose. */
  readonly defaultProject?: ProjectName;
}

/** `project: '*'` is every project. */
export interface Grant {
  readonly project: ProjectName | '*';
  readonly role: Role;
}

/** From the least to the most: who has one may do what those before it may. */
export const roles = ['viewer', 'user', 'manager', 'admin'] as const;
export type Role = (typeof roles)[number];

export type Permission = 'read' | 'infer' | 'manage' | 'operate';

const allowed: Readonly<Record<Role, readonly Permission[]>> = {
  viewer: ['read'],
  user: ['read', 'infer'],
  manager: ['read', 'infer', 'manage'],
  admin: ['read', 'infer', 'manage', 'operate'],
};

/** Whether the principal may do this in the project; `null` asks for a right over the whole installation. */
export function can(
  principal: Principal,
  permission: Permission,
  project: ProjectName | null,
): boolean {
  return principal.grants.some(
    (grant) =>
      (grant.project === '*' || (project !== null && grant.project === project)) &&
      allowed[grant.role].includes(permission),
  );
}

/** At most one grant for each project, the highest; in the order in which projects were first named. */
export function mergeGrants(grants: readonly Grant[]): readonly Grant[] {
  const highest = new Map<string, Grant>();
  for (const grant of grants) {
    const before = highest.get(grant.project);
    if (before === undefined || roles.indexOf(grant.role) > roles.indexOf(before.role)) {
      highest.set(grant.project, grant);
    }
  }
  return [...highest.values()];
}
