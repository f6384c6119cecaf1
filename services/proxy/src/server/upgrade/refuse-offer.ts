import type { IncomingMessage } from 'node:http';
import { AppError } from '@wakefield/domain';
import { sendError } from '../answer.ts';
import type { ClientCall } from '../client-call.ts';
import type { Rooms } from '../serve.ts';
import { offerProblem, webSocketVersion } from './offer.ts';

/** Says to whom it would have been given how to ask for a session (RFC 9110 §15.5.22, RFC 6455 §4.4). */
export function refuseOffer(
  { metrics }: Pick<Rooms, 'metrics'>,
  client: ClientCall,
  id: string,
  request: IncomingMessage,
): void {
  client.endConnection();
  const problem = offerProblem(request) ?? notFirst();
  const isAdvice = problem.code === 'upgrade_required';
  sendError(client, id, problem, isAdvice ? advice : {});
  metrics.request('realtime', client.status);
}

const advice = {
  connection: 'Upgrade, close',
  upgrade: 'websocket',
  'sec-websocket-version': webSocketVersion,
} as const;

/** Its answer would be in the middle of another one. */
function notFirst(): AppError {
  const message = 'An offer of WebSocket cannot come before earlier requests are answered.';
  return new AppError('invalid_request', message);
}
