import { PlainAnswer } from '../http/heappe-error.ts';
import type { Instance } from '../instance.ts';
import type { RoleName, User } from '../world/types.ts';

/** Whom a token belongs to, and what UserOrg allows in which project. */
export interface TokenPerson {
  readonly username: string;
  readonly email: string;
  /** Permissions such as `heappe_exec`, by accounting string. */
  readonly permissions: Readonly<Record<string, readonly string[]>>;
}

export interface BearerSettings {
  /**
   * - `session`        tokens are only exchanged for session codes
   * - `introspection`  JwtTokenIntrospectionConfiguration: a header on each call, answers kept for 5 minutes
   * - `lexis`          LexisAuthenticationConfiguration.UseBearerAuth: a header on each call, asked each time
   */
  readonly mode: 'session' | 'introspection' | 'lexis';
  /** null: no such token. */
  readonly personOf: (token: string) => Promise<TokenPerson | null>;
}

const roleOfPermission: Readonly<Record<string, RoleName>> = {
  heappe_exec: 'Submitter',
  heappe_manager: 'Manager',
  heappe_report: 'Reporter',
};

const introspectionLifeMs = 5 * 60_000;

/**
 * The person of a header, made or brought up to date; null where headers do not count.
 * @throws PlainAnswer 401 for a token that is nobody's, and where nothing goes without one
 */
export async function userOfHeader(
  instance: Instance,
  header: string | undefined,
): Promise<User | null> {
  const { bearer } = instance.settings;
  if (bearer === null || bearer.mode === 'session' || instance.traits.bearer === 'nothing') {
    return null;
  }
  const token = /^Bearer (.+)$/i.exec(header ?? '')?.[1];
  if (token === undefined && instance.traits.bearer === 'possible') return null;
  const person = token === undefined ? null : await known(instance, bearer, token);
  if (person === null) throw new PlainAnswer(401, 'Unauthorized');
  return keep(instance, person);
}

/** @returns null when the token is nobody's */
export async function userOfToken(instance: Instance, token: string): Promise<User | null> {
  const person = (await instance.settings.bearer?.personOf(token)) ?? null;
  return person === null ? null : keep(instance, person);
}

async function known(
  { introspected, clock }: Instance,
  bearer: BearerSettings,
  token: string,
): Promise<TokenPerson | null> {
  if (bearer.mode !== 'introspection') return bearer.personOf(token);
  const kept = introspected.get(token);
  if (kept !== undefined && kept.until > clock.now()) return kept.person;
  const person = await bearer.personOf(token);
  introspected.set(token, { person, until: clock.now() + introspectionLifeMs });
  return person;
}

/** Users are told apart by e-mail; roles are rebuilt from what UserOrg says now. */
function keep({ database }: Instance, person: TokenPerson): User {
  const { world } = database;
  const roles: Record<number, RoleName[]> = {};
  for (const project of world.projects) {
    const granted = Object.entries(person.permissions).find(
      ([name]) => name.toLowerCase() === project.accountingString.toLowerCase(),
    );
    const names = (granted?.[1] ?? []).flatMap((permission) => roleOfPermission[permission] ?? []);
    if (names.length > 0) roles[project.id] = names;
  }
  const found = world.users.find(({ email }) => email === person.email);
  const user: User = found ?? {
    id: database.nextId('user'),
    username: person.username,
    email: person.email,
    secret: null,
    roles,
    type: 3,
  };
  if (found === undefined) world.users.push(user);
  if (found === undefined || JSON.stringify(user.roles) !== JSON.stringify(roles)) {
    user.roles = roles;
    database.save();
  }
  return user;
}
