import { AppError, isAppError } from '@wakefield/domain';
import { rawHeader } from '../inference/headers.ts';
import { closeFrame } from '../inference/session/close-frame.ts';
import { passUpgrade } from '../pass-upgrade.ts';
import { sendError } from '../server/answer.ts';
import type { UpgradeCall } from '../server/upgrade/upgrade-call.ts';
import { known } from './admit.ts';
import { connectionOf } from './connect.ts';
import { checkReady, type ReadyService } from './find-service.ts';
import type { ServiceParts } from './parts.ts';
import { callerAt, type Passed, pathOf, placeOf, serviceFor } from './passed.ts';
import { returning } from './returning.ts';
import type { Running } from './running.ts';
import { toService } from './service-headers.ts';
import { enter } from './service-record.ts';

/**
 * Offers WebSocket to a service.
 * @throws AppError
 */
export async function passSession(
  parts: ServiceParts,
  running: Running,
  passed: Passed<UpgradeCall>,
): Promise<void> {
  const { request, client, requestId, startedAt } = passed;
  const principal = await callerAt(parts, passed);
  const who = known(principal, client.header('authorization'));
  const found = await serviceFor(parts, passed, principal);
  const ready = checkReady(found.service);
  if (!ready.access.websocket) throw noSessions('The recipe of this service names no WebSocket.');
  if (parts.transportOf(ready.endpoint.cluster)?.kind === 'heappe') {
    throw noSessions('This service is reached by way of HEAppE, which carries no WebSocket.');
  }
  if (client.closed) return;
  const place = placeOf(parts, passed, ready);
  // What came is looked at again as long as the session lasts.
  const headers = toService({ ...request.headers }, ready, place);
  // A key that came among them is not for the service.
  headers['sec-websocket-protocol'] = rawHeader(client.rawHeaders, 'sec-websocket-protocol');
  const leave = (why: AppError): void => tellGoodbye(client, requestId, why);
  const record = enter(parts, running, {
    ...{ ready, who, client, request, requestId, startedAt },
    ...{ operation: 'service/websocket', prompt: null, leave },
  });
  const looks = setInterval(
    () => void lookAgain(parts, passed, ready, leave),
    parts.limits.rightsMs,
  );
  client.onceClosed(() => clearInterval(looks));
  passUpgrade(client, {
    options: connectionOf(parts, ready),
    path: pathOf(passed, ready),
    headers,
    idleMs: parts.limits.sessionIdleMs,
    ...returning(parts, passed, { ready, found, place, record }),
  });
}

/** Rights may end, and a session does not by itself: a notebook says something every few seconds. */
async function lookAgain(
  parts: ServiceParts,
  passed: Passed<UpgradeCall>,
  { serviceId }: ReadyService,
  leave: (why: AppError) => void,
): Promise<void> {
  try {
    await serviceFor(parts, { ...passed, id: serviceId }, await callerAt(parts, passed));
  } catch (error) {
    // Of rights that cannot be looked up nothing is known.
    const isGone = isAppError(error) && error.code !== 'store_unavailable';
    if (isGone) leave(error);
    else parts.logger.warn({ err: error, serviceId }, 'rights of a session cannot be looked up');
  }
}

/** Where the service was in the middle of a frame, what its client sees is the end of the connection. */
function tellGoodbye(client: UpgradeCall, requestId: string, why: AppError): void {
  if (client.closed || client.isEnded) return;
  if (client.headersSent) client.end(closeFrame(why));
  else sendError(client, requestId, why);
}

function noSessions(message: string): AppError {
  return new AppError('not_supported', message);
}
