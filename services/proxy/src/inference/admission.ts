import { type AppError, decideAccess, type OperationName, type Principal } from '@wakefield/domain';
import type { ClientCall } from '../server/client-call.ts';
import { askedTimeoutMs } from './headers.ts';
import type { InferenceParts } from './parts.ts';
import { refusals } from './refusals.ts';

/** Decides on the head alone, before a body is read. Who may not know of a project is not told whether it is there. */
export function checkAccess(
  principal: Principal | null,
  operation: OperationName,
  client: Pick<ClientCall, 'header'>,
  project: string,
): AppError | null {
  switch (decideAccess(principal, operation, project)) {
    case 'granted':
      return null;
    case 'unknown':
      return refusals.notAuthorized(client.header('authorization'));
    case 'hidden':
      return refusals.projectNotFound(project);
    case 'forbidden':
      return refusals.forbidden(project);
  }
}

/** What its head says of how it is to be answered. */
export function checkHead(client: Pick<ClientCall, 'header'>): AppError | null {
  const timeoutMs = askedTimeoutMs(client.header('x-request-timeout'));
  return Number.isNaN(timeoutMs) ? refusals.badTimeout() : null;
}

/**
 * One more look at the store may change it: a new project, or the first table of a proxy that was just started.
 * @param isCurrent whether the store has just been asked, and has answered
 */
export function checkProject(
  parts: Pick<InferenceParts, 'routes'>,
  project: string,
  isCurrent = false,
): AppError | null {
  const routes = parts.routes();
  if (routes === null) return refusals.starting();
  if (routes.hasProject(project)) return null;
  return isCurrent ? refusals.projectNotFound(project) : refusals.notKnownNow('project', project);
}
