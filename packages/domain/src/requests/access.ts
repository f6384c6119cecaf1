import type { ProjectName } from '../vocabulary/ids.ts';

/** Who calls. OIDC users and API keys add ways to identify, not kinds of right. */
export interface Principal {
  readonly kind: 'static' | 'user' | 'api_key';
  /** Stable id for logs and command rows; never a secret. */
  readonly id: string;
  readonly grants: readonly Grant[];
}

/** `project: '*'` is every project. */
export interface Grant {
  readonly project: ProjectName | '*';
  readonly role: Role;
}

export type Role = 'viewer' | 'user' | 'manager' | 'admin';

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
