import { randomBytes } from 'node:crypto';
import { HeappeError } from '../http/heappe-error.ts';
import { type Call, type Route, sessionCodeOf } from '../http/routes.ts';
import { requireRole, requireRoleSomewhere, roleNumbers } from '../people/roles.ts';
import { secretOf } from '../people/secrets.ts';
import type { RoleName } from '../world/types.ts';
import { findProject, found } from './administration.ts';
import { written } from './template-access.ts';

const path = (action: string) => `Management/${action}`;

/** ManagementController: local people and their roles. */
export const peopleRoutes: readonly Route[] = [
  { method: 'POST', path: path('AdaptorUser'), limit: 3000, handle: createUser },
  { method: 'POST', path: path('AssignAdaptorUserToProject'), limit: 3000, handle: assignUser },
];

/** The key is told once. */
function createUser(call: Call) {
  const { database } = call.instance;
  const { world } = database;
  const asked = call.read((fields) => ({
    username: fields.requiredText('Username', 100),
    sessionCode: sessionCodeOf(fields),
  }));
  const caller = call.caller(asked.sessionCode);
  requireRoleSomewhere(caller, 'Administrator', world.projects);
  if (world.users.some(({ username }) => username === asked.username)) {
    throw new HeappeError('validation', 'AdaptorUserAlreadyExists');
  }
  const key = randomBytes(24).toString('base64url');
  const user = {
    id: database.nextId('user'),
    username: asked.username,
    email: null,
    secret: secretOf(key),
    roles: {},
    type: 1 as const,
  };
  world.users.push(user);
  written(call.instance);
  return { json: { Id: user.id, Username: user.username, ApiKey: key } };
}

function assignUser(call: Call) {
  const { database, clock } = call.instance;
  const asked = call.read((fields) => ({
    username: fields.requiredText('Username', 100),
    projectId: fields.number('ProjectId'),
    role: fields.number('Role'),
    sessionCode: sessionCodeOf(fields),
  }));
  const project = findProject(call, asked.projectId);
  requireRole(call.caller(asked.sessionCode), 'ManagementAdmin', project, clock.now());
  const user = found(
    database.world.users.find(({ username }) => username === asked.username),
    'AdaptorUserNotFound',
  );
  const [role] = Object.entries(roleNumbers).find(([, number]) => number === asked.role) ?? [];
  if (role === undefined) throw new HeappeError('validation', 'Role is not known.');
  const held = user.roles[project.id] ?? [];
  user.roles[project.id] = [...new Set([...held, role as RoleName])];
  written(call.instance);
  return { json: { Id: user.id, Username: user.username } };
}
