import { HeappeError } from '../http/heappe-error.ts';
import { type Call, type Route, usualLimit } from '../http/routes.ts';
import type { Instance } from '../instance.ts';
import { userOfToken } from '../people/bearer.ts';
import { requireRoleSomewhere } from '../people/roles.ts';
import { opens } from '../people/secrets.ts';
import { presentProject } from '../world/present.ts';
import type { Project } from '../world/types.ts';

const path = (action: string) => `UserAndLimitationManagement/${action}`;

/** UserAndLimitationManagementController: the ways in that there are on every version, and whose projects are whose. */
export const userRoutes: readonly Route[] = [
  { method: 'POST', path: path('AuthenticateUserPassword'), limit: 148, handle: byPassword },
  { method: 'POST', path: path('AuthenticateLexisToken'), limit: 2048, handle: byLexisToken },
  { method: 'GET', path: path('ProjectsForCurrentUser'), limit: usualLimit, handle: projects },
];

function byPassword(call: Call) {
  const { username, password } = call.read((fields) => {
    const credentials = fields.object('Credentials');
    return {
      username: credentials?.text('Username', 100) ?? '',
      password: credentials?.text('Password', 100) ?? '',
    };
  });
  if (username === '' || password === '' || username.length > 50 || /[^\w\-\s.]/.test(username)) {
    throw new HeappeError('validation', 'Username or password has wrong format.');
  }
  const { database, sessions } = call.instance;
  const user = database.world.users.find((one) => one.username === username);
  if (user === undefined || !opens(user.secret, password)) {
    throw new HeappeError(
      'external',
      'WrongCredentials',
      `Authentication of user '${username}' was not successful.`,
    );
  }
  return { json: sessions.open(user.id) };
}

const tokenOf = (call: Call) => {
  const token = call.read(
    (fields) => fields.object('Credentials')?.text('OpenIdAccessToken') ?? '',
  );
  if (token === '' || /[^\w\-\s.]/.test(token)) {
    throw new HeappeError('validation', 'OpenIdAccessToken contains illegal characters.');
  }
  return token;
};

async function byToken(call: Call) {
  const user = await userOfToken(call.instance, tokenOf(call));
  if (user === null) {
    throw new HeappeError(
      'authenticationType',
      'InvalidToken',
      'Invalid or not active token provided. Unable to authenticate user by provided credentials.',
    );
  }
  if (Object.keys(user.roles).length === 0) {
    throw new HeappeError(
      'authenticationType',
      'NoUserGroup',
      `External authentication: User('${user.username}') has not User group!`,
    );
  }
  return { json: call.instance.sessions.open(user.id) };
}

async function byLexisToken(call: Call) {
  const { settings, traits } = call.instance;
  // Before, whoever comes this far has the header; the code that is answered is not looked at.
  const wantsHeader = settings.bearer?.mode === 'lexis' && traits.bearer === 'possible';
  if (wantsHeader) {
    tokenOf(call);
    return { json: 'HEADER-AUTH-NEEDED' };
  }
  return byToken(call);
}

const current = ({ clock }: Instance, { endDate }: Project) => endDate >= clock.now();

function projects(call: Call) {
  const { instance } = call;
  const { world } = instance.database;
  const user = call.caller();
  const rows = requireRoleSomewhere(user, 'Reporter', world.projects)
    .filter((project) => current(instance, project))
    .flatMap((project) =>
      (user.roles[project.id] ?? []).map((role) => ({
        Project: presentProject(
          project,
          world.templates.filter(
            ({ projectId, isDeleted }) =>
              !isDeleted && (projectId === null || projectId === project.id),
          ),
          world,
          instance.traits,
        ),
        Role: { Name: role, Description: `${role} role` },
      })),
    );
  return { json: rows };
}
