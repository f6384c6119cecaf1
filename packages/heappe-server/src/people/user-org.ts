import type { TokenPerson } from './bearer.ts';

interface Extended {
  readonly UserName?: string;
  readonly Email?: string;
  readonly SystemRoles?: readonly {
    readonly ProjectResources?: readonly { readonly Name?: string }[];
    readonly SystemPermissionTypes?: readonly string[];
  }[];
}

/** Asks LEXIS UserOrg whose a token is, as HEAppE does: `GET <base>/api/UserInfo/Extended`. */
export function userOrg(base: string): (token: string) => Promise<TokenPerson | null> {
  return async (token) => {
    const response = await fetch(`${base.replace(/\/+$/, '')}/api/UserInfo/Extended`, {
      headers: { authorization: `Bearer ${token}`, 'x-api-token': token },
      signal: AbortSignal.timeout(10_000),
    }).catch(() => null);
    if (response === null || !response.ok) return null;
    return personFrom((await response.json()) as Extended);
  };
}

/** Permissions of all roles, by the resources' names, which are accounting strings. */
function personFrom(said: Extended): TokenPerson {
  const permissions: Record<string, string[]> = {};
  for (const role of said.SystemRoles ?? []) {
    for (const { Name } of role.ProjectResources ?? []) {
      if (Name === undefined) continue;
      permissions[Name] = [...(permissions[Name] ?? []), ...(role.SystemPermissionTypes ?? [])];
    }
  }
  return { username: said.UserName ?? said.Email ?? '', email: said.Email ?? '', permissions };
}
