import { HeappeError } from '../http/heappe-error.ts';
import type { Call } from '../http/routes.ts';
import type { Instance } from '../instance.ts';
import { requireRole, rolesIn } from '../people/roles.ts';
import type { Job, Task } from '../world/job-types.ts';
import type { User } from '../world/types.ts';

const projectOf = ({ database }: Instance, job: Job) =>
  database.world.projects.find(({ id }) => id === job.specification.projectId);

/** A job for its submitter. @throws HeappeError 404, 401 */
export function ownJob(
  call: Call,
  id: number,
  sessionCode: string | null,
  options: { readonly administratorToo?: boolean } = {},
): Job {
  const { instance } = call;
  const job = instance.database.world.jobs.find((one) => one.id === id);
  if (job === undefined) {
    throw new HeappeError(
      'validation',
      'NotExistingJob',
      `Job '${id}' does not exist in the HEAppE.`,
    );
  }
  const user = call.caller(sessionCode);
  requireRole(user, 'Submitter', projectOf(instance, job), instance.clock.now());
  const administers =
    options.administratorToo === true &&
    rolesIn(user, job.specification.projectId).has('Administrator');
  if (job.submitterId !== user.id && !administers) throw notYours(user, id);
  return job;
}

/** The task of a job; with `shared`, other submitters of the project may have it, too. @throws HeappeError 404, 401 */
export function taskFor(
  call: Call,
  id: number,
  sessionCode: string | null,
  options: { readonly shared: boolean },
): { readonly job: Job; readonly task: Task; readonly user: User } {
  const { instance } = call;
  for (const job of instance.database.world.jobs) {
    const task = job.tasks.find((one) => one.id === id);
    if (task === undefined) continue;
    const user = call.caller(sessionCode);
    const project = requireRole(user, 'Submitter', projectOf(instance, job), instance.clock.now());
    const shared = options.shared && !project.isOneToOneMapping;
    if (job.submitterId !== user.id && !shared) throw notYours(user, id);
    return { job, task, user };
  }
  call.caller(sessionCode);
  throw new HeappeError(
    'validation',
    'NotExistingTask',
    `Task '${id}' does not exist in the HEAppE.`,
  );
}

function notYours(user: User, id: number): HeappeError {
  return new HeappeError(
    'session',
    'UserNotAuthorizedToWorkWithJob',
    `Logged user '${user.username}' is not authorized to query job info '${id}'.`,
  );
}
