import { roles } from '@wakefield/domain';
import { z } from 'zod';

/** Whether a URL may carry tokens: https, or plain http that does not leave this machine. */
export function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password, hash } = new URL(text);
  if (username !== '' || password !== '' || hash !== '') return false;
  const here = hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]';
  return protocol === 'https:' || (protocol === 'http:' && here);
}

function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { pathname, search } = new URL(text);
  return pathname === '/' && search === '' && !text.includes('?');
}

const safeUrl = z
  .string()
  .refine(isSafeUrl, 'has to be an https URL (plain http for this machine alone)');
const role = z.enum(roles);
const word = z.string().min(1).max(200);
export const projectName = z
  .string()
  .max(64)
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'has to be the name of a project');
const project = z.union([z.literal('*'), projectName]);
const seconds = (least: number, most: number) => z.number().min(least).max(most);

/** Only signatures that anybody can check and only the issuer can make: `none` and HMAC are not to be had. */
const algorithm = z.enum([
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const),
  ...(['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const),
]);

const claimRule = z
  .strictObject({
    claim: z.union([word, z.array(word).min(1)]),
    pattern: z.string().min(1).max(200).optional(),
    fields: z.strictObject({ project: word, role: word.optional() }).optional(),
    entries: z.boolean().default(false),
    project: project.optional(),
    role: role.optional(),
    roles: z.record(word, role).optional(),
    lowerCase: z.boolean().default(false),
  })
  .superRefine((rule, context) => {
    for (const message of ruleProblems(rule)) context.addIssue({ code: 'custom', message });
  });

/** Which project a person means who names none: a claim that holds its name. */
const defaultProject = z.strictObject({
  claim: z.union([word, z.array(word).min(1)]),
  lowerCase: z.boolean().default(false),
});

interface RuleShape {
  readonly pattern?: string | undefined;
  readonly fields?: { readonly project: string; readonly role?: string | undefined } | undefined;
  readonly entries: boolean;
  readonly project?: string | undefined;
  readonly role?: string | undefined;
  readonly roles?: Readonly<Record<string, string>> | undefined;
}

/** A rule that leaves open which project or which role it grants is a mistake that must not wait for a token. */
function ruleProblems({ pattern = '{project}', fields, entries, ...rule }: RuleShape): string[] {
  const saysProject = pattern.includes('{project}');
  const readsRole = pattern.includes('{role}') || fields?.role !== undefined || entries;
  const problems: string[] = [];
  if (fields !== undefined && entries) problems.push('fields and entries exclude each other');
  if (saysProject === (rule.project !== undefined))
    problems.push('either pattern holds {project}, or project names it');
  if (readsRole === (rule.role !== undefined))
    problems.push('say role where {role} is not read from the claim, and only there');
  if (readsRole !== (rule.roles !== undefined))
    problems.push(
      'roles has to say what the words read as {role} mean, and only where one is read',
    );
  if (rule.roles !== undefined && Object.keys(rule.roles).length === 0)
    problems.push('roles is empty');
  return problems;
}

const userOrgRule = z.strictObject({
  userOrg: safeUrl,
  roles: z.record(word, role).default({ heappe_exec: 'user', heappe_manager: 'manager' }),
  cache: seconds(1, 600).default(60),
  timeout: seconds(0.1, 30).default(5),
  lowerCase: z.boolean().default(true),
});

const introspection = z.strictObject({
  clientId: word,
  clientSecretFile: z.string().min(1),
  tokens: z.enum(['opaque', 'signed', 'all']).default('opaque'),
  cache: seconds(1, 600).default(30),
});

const signIn = z.strictObject({
  clientId: word,
  clientSecretFile: z.string().min(1).optional(),
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/))
    .default(['openid'])
    .refine((scopes) => scopes.includes('openid'), 'has to hold openid'),
});

/** What commands say in `by` beside people, now or before. */
const ownNames: ReadonlySet<string> = new Set(['local', 'proxy']);

const issuer = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,30}$/, 'an issuer is named by 1 to 31 of a-z, 0-9 and -')
      .refine((name) => !ownNames.has(name), 'is a name of our own: take another'),
    title: z.string().min(1).max(60).optional(),
    issuer: safeUrl,
    audiences: z.array(word).min(1).optional(),
    authorizedParties: z.array(word).min(1).optional(),
    algorithms: z.array(algorithm).min(1).default(['RS256', 'PS256', 'ES256', 'EdDSA']),
    clockTolerance: seconds(0, 120).default(10),
    timeout: seconds(0.1, 30).default(5),
    introspection: introspection.optional(),
    signIn: signIn.optional(),
    grants: z.array(z.union([userOrgRule, claimRule])).min(1),
    defaultProject: defaultProject.optional(),
  })
  .refine((one) => one.audiences !== undefined || one.authorizedParties !== undefined, {
    error: 'audiences or authorizedParties has to say which tokens are meant for this service',
  });

/** auth.yaml: who may come in, and what they may do. */
export const authFileSchema = z
  .strictObject({
    staticKey: z
      .strictObject({
        enabled: z.boolean().default(true),
        projects: z.array(projectName).min(1).optional(),
        defaultProject: projectName.optional(),
      })
      .prefault({}),
    publicUrl: safeUrl
      .refine(isOrigin, 'has to end after the host and port: we are found at /, and nowhere else')
      .optional(),
    issuers: z.array(issuer).default([]),
  })
  .superRefine(({ issuers, publicUrl, staticKey }, context) => {
    const say = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message });
    for (const key of ['name', 'issuer'] as const)
      if (new Set(issuers.map((one) => one[key])).size < issuers.length)
        say('issuers', `two of them have the same ${key}`);
    if (publicUrl === undefined && issuers.some((one) => one.signIn !== undefined))
      say('publicUrl', 'has to say where browsers find this installation, for signIn needs it');
    const { projects, defaultProject: chosen } = staticKey;
    if (chosen !== undefined && projects?.includes(chosen) === false)
      say('staticKey', 'its defaultProject is none of its projects');
    if (!staticKey.enabled && issuers.length === 0)
      say('staticKey', 'is off, and there is no issuer: nobody could come in');
  });

export type AuthFileData = z.output<typeof authFileSchema>;
export type IssuerData = AuthFileData['issuers'][number];
export type ClaimRule = z.output<typeof claimRule>;
export type DefaultProjectRule = z.output<typeof defaultProject>;
export type UserOrgRule = z.output<typeof userOrgRule>;
