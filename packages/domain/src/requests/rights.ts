import type { ProjectName } from '../vocabulary/ids.ts';
import { can, type Permission, type Principal } from './access.ts';

/**
 * What an operation asks of its caller: nothing (`open`), to be known (`known`: what is shown is cut to what is theirs),
 * a right in the project that it names, or a right over the whole installation.
 */
export type Right =
  | 'open'
  | 'known'
  | { readonly in: 'project' | 'installation'; readonly permission: Permission };

const inProject = (permission: Permission): Right => ({ in: 'project', permission });
const operate: Right = { in: 'installation', permission: 'operate' };

/** The right that each operation of the HTTP interface needs, by its operation id. Nothing else lets anybody in. */
export const rights = {
  listProjects: 'known',
  listRecipes: 'known',
  getRecipe: 'known',
  activateProject: inProject('manage'),
  getProject: inProject('read'),
  listCommands: inProject('read'),
  getCommand: inProject('read'),
  getUsage: inProject('read'),
  listModels: inProject('read'),
  getModel: inProject('read'),
  registerModel: inProject('manage'),
  wakeModel: inProject('manage'),
  unregisterModel: inProject('manage'),
  scaleModel: inProject('manage'),
  sleepModel: inProject('manage'),
  // In the project of the service, or in the one that X-Project names.
  listServices: inProject('read'),
  getService: inProject('read'),
  getServiceStatus: inProject('read'),
  getServiceLogs: inProject('read'),
  startService: inProject('manage'),
  stopService: inProject('manage'),
  listVllmServices: inProject('read'),
  listVllmModels: inProject('infer'),
  promptVllm: inProject('infer'),
  // A notebook is a shell: its recipe asks for `manage`, and the service's `access` says so.
  inviteVisit: inProject('infer'),
  getFromService: inProject('infer'),
  postToService: inProject('infer'),
  createChatCompletion: inProject('infer'),
  createCompletion: inProject('infer'),
  createEmbedding: inProject('infer'),
  openRealtimeSession: inProject('infer'),
  listOpenAIModels: inProject('read'),
  queueDashboard: operate,
  queueFigures: operate,
  // How to come in, and what everybody may see.
  health: 'open',
  openapi: 'open',
  swagger: 'open',
  loginForm: 'open',
  login: 'open',
  logout: 'open',
  signIn: 'open',
  signInCallback: 'open',
  signOut: 'open',
  session: 'open',
} as const satisfies Readonly<Record<string, Right>>;

export type OperationName = keyof typeof rights;

/**
 * - `granted`
 * - `unknown`: nobody said who calls (401)
 * - `hidden`: the project is another's, and is not there for this caller (404)
 * - `forbidden`: known, and may not do this (403)
 */
export type Access = 'granted' | 'unknown' | 'hidden' | 'forbidden';

/**
 * Whether this caller may do this.
 * @param principal null where nobody is known
 * @param project that the operation names; null where it names none
 */
export function decideAccess(
  principal: Principal | null,
  operation: OperationName,
  project: ProjectName | null,
): Access {
  const right: Right = rights[operation];
  if (right === 'open') return 'granted';
  if (principal === null) return 'unknown';
  if (right === 'known') return 'granted';
  if (right.in === 'installation') {
    return can(principal, right.permission, null) ? 'granted' : 'forbidden';
  }
  // An operation that names no project where it should is nobody's.
  if (project === null || !can(principal, 'read', project)) return 'hidden';
  return can(principal, right.permission, project) ? 'granted' : 'forbidden';
}
