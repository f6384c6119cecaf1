import type { Grant } from '@wakefield/domain';
import { z } from 'zod';
import type { UserOrgRule } from '../config/schema.ts';
import type { Fetch } from '../http/bounded-fetch.ts';
import { rejected, unavailable } from '../refusals.ts';

/**
 * What LEXIS UserOrg tells of the holder of a token; only what is read. Names as HEAppE's
 * UserInfoExtendedModel has them, in whatever case they come.
 */
const userInfo = z.object({
  systemroles: z
    .array(
      z.object({
        projectresources: z.array(z.object({ name: z.string().nullish() })).nullish(),
        systempermissiontypes: z.array(z.string()).nullish(),
      }),
    )
    .nullish(),
});

/**
 * Asks LEXIS UserOrg for the projects of a token's holder: `GET <base>/api/UserInfo/Extended` with the token in
 * `Authorization` and `X-Api-Token`, as HEAppE asks (It4innovations/HEAppE, Services/UserOrg/UserOrgService.cs).
 * @throws AppError `invalid_api_key` where it does not take the token, `issuer_unavailable` where it does not answer
 */
export async function askUserOrg(
  rule: UserOrgRule,
  token: string,
  fetch: Fetch,
): Promise<readonly Grant[]> {
  const url = `${rule.userOrg.replace(/\/+$/, '')}/api/UserInfo/Extended`;
  const headers = {
    accept: 'application/json',
    authorization: `Bearer ${token}`,
    'x-api-token': token,
  };
  let answer: Response;
  try {
    answer = await fetch(url, { headers }, rule.timeout * 1000);
  } catch (error) {
    throw unavailable(error);
  }
  if (answer.status === 401) throw rejected('inactive');
  // A member of nothing is no failure. The address is the same for everybody: where it is not there, it is wrong.
  if (answer.status === 403) return [];
  if (!answer.ok) throw unavailable(new Error(`UserOrg answered ${answer.status}`));
  const parsed = userInfo.safeParse(lowerKeys(await answer.json().catch(() => null)));
  if (!parsed.success) throw unavailable(new Error('UserOrg answered something else'));
  return grantsOf(rule, parsed.data);
}

function grantsOf(rule: UserOrgRule, { systemroles }: z.output<typeof userInfo>): Grant[] {
  return (systemroles ?? []).flatMap(({ projectresources, systempermissiontypes }) =>
    (systempermissiontypes ?? []).flatMap((permission) => {
      const role = Object.hasOwn(rule.roles, permission) ? rule.roles[permission] : undefined;
      if (role === undefined) return [];
      return (projectresources ?? []).flatMap(({ name }) => {
        const project = rule.lowerCase ? name?.toLowerCase() : name;
        return project != null && /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(project)
          ? [{ project, role }]
          : [];
      });
    }),
  );
}

function lowerKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lowerKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key.toLowerCase(), lowerKeys(inner)]),
  );
}
