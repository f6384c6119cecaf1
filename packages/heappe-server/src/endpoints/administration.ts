import { HeappeError } from '../http/heappe-error.ts';
import { type Call, type Route, usualLimit } from '../http/routes.ts';
import { requireRoleSomewhere } from '../people/roles.ts';
import { presentNodeTypeOf } from '../world/present.ts';
import type { Project } from '../world/types.ts';

const path = (action: string) => `Management/${action}`;
const read = { method: 'GET', limit: usualLimit } as const;

/** ManagementController: what there is. */
export const administrationRoutes: readonly Route[] = [
  { ...read, path: path('ClusterNodeTypes'), handle: nodeTypes },
  { ...read, path: path('VersionInformation'), handle: version },
];

/** @throws HeappeError 404 */
export function found<T>(value: T | undefined, text: string): T {
  if (value === undefined) throw new HeappeError('validation', text);
  return value;
}

/** @throws HeappeError 404 */
export const findProject = (call: Call, id: number): Project =>
  found(
    call.instance.database.world.projects.find((one) => one.id === id),
    'The specified project is not defined in the HEAppE.',
  );

function nodeTypes(call: Call) {
  const { world } = call.instance.database;
  requireRoleSomewhere(call.caller(), 'ManagementAdmin', world.projects);
  return { json: world.nodeTypes.map((one) => presentNodeTypeOf(one, null)) };
}

function version(call: Call) {
  const { database, settings, traits } = call.instance;
  requireRoleSomewhere(call.caller(), 'Submitter', database.world.projects);
  return {
    json: {
      Name: settings.instanceIdentifier,
      Description: 'a HEAppE for tests',
      Version: traits.version,
    },
  };
}
