import { AppError } from '@wakefield/domain';
import { rawHeader } from '../inference/headers.ts';
import { passUpgrade } from '../pass-upgrade.ts';
import type { UpgradeCall } from '../server/upgrade/upgrade-call.ts';
import { connectionOf } from './connect.ts';
import { checkReady } from './find-service.ts';
import type { ServiceParts } from './parts.ts';
import { callerAt, type Passed, pathOf, placeOf, serviceFor, tellAway } from './passed.ts';
import type { Running } from './running.ts';
import { fromService, toService } from './service-headers.ts';

/**
 * Offers WebSocket to a service.
 * @throws AppError
 */
export async function passSession(
  parts: ServiceParts,
  running: Running,
  passed: Passed<UpgradeCall>,
): Promise<void> {
  const { request, client, requestId, visited } = passed;
  const principal = await callerAt(parts, passed);
  const ready = checkReady(await serviceFor(parts, passed, principal));
  if (!ready.access.websocket) throw noSessions('The recipe of this service names no WebSocket.');
  if (parts.transportOf(ready.endpoint.cluster)?.kind === 'heappe') {
    throw noSessions('This service is reached by way of HEAppE, which carries no WebSocket.');
  }
  if (client.closed) return;
  const place = placeOf(passed, ready);
  const headers = toService(request.headers, ready, place);
  // A key that came among them is not for the service.
  headers['sec-websocket-protocol'] = rawHeader(client.rawHeaders, 'sec-websocket-protocol');
  const over = running.begin(ready.serviceId, ready.endpoint.jobId, () => client.cutOff());
  client.onceClosed(over);
  passUpgrade(client, {
    options: connectionOf(parts, ready),
    path: pathOf(passed, ready),
    headers,
    idleMs: parts.limits.sessionIdleMs,
    headersOf: (answered) => fromService(answered, place, requestId, visited === null),
    failed: (error) => tellAway(parts, passed, ready, error),
  });
}

function noSessions(message: string): AppError {
  return new AppError('not_supported', message);
}
