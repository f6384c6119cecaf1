import { chmodSync } from 'node:fs';
import { store } from '../files/store.ts';
import { PlainAnswer } from '../http/heappe-error.ts';
import { readFiles } from '../http/multipart.ts';
import type { Call, Reply, Route } from '../http/routes.ts';
import { requireRole } from '../people/roles.ts';
import { found, noProject } from './administration.ts';

const path = (action: string) => `/api/DataStaging/${action}`;

/** DataStagingAPI: in truth a service of its own with an address of its own. */
export const dataStagingRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: path('UploadJobScriptsToProjectDir'),
    limit: 2_200_000_000,
    handle: (call) => upload(call, true),
  },
  {
    method: 'POST',
    path: path('UploadFilesToProjectDir'),
    limit: 2_200_000_000,
    handle: (call) => upload(call, false),
  },
];

/** Into the project's storage; scripts are made executable. */
async function upload(call: Call, executable: boolean): Promise<Reply> {
  const { database, clock, settings } = call.instance;
  const { headers } = call.request;
  if (headers.authorization === undefined && headers.authkey !== settings.dataStagingKey) {
    throw new PlainAnswer(401, 'Unauthorized');
  }
  const files = await readFiles(call);
  const { projects, assignments } = database.world;
  const projectId = call.number('ProjectId');
  const clusterId = call.number('ClusterId');
  const project = found(
    projects.find(({ id }) => id === projectId),
    noProject,
  );
  requireRole(call.caller(), 'Manager', project, clock.now());
  const assignment = found(
    assignments.find((one) => one.projectId === projectId && one.clusterId === clusterId),
    noProject,
  );
  const rows = files.map(({ name, bytes }) => {
    const stored = store(assignment.projectStoragePath, name, bytes);
    if (!executable) return stored;
    if (stored.Path !== null) chmodSync(stored.Path, 0o755);
    return { ...stored, AttributesSet: stored.Succeeded };
  });
  return { json: rows };
}
