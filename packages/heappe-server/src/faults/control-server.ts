import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sendJson } from '../http/answer.ts';
import { parseJson, readBody } from '../http/body.ts';
import type { Instance } from '../instance.ts';
import type { HeappeControl } from './control.ts';
import type { FaultRule } from './faults.ts';

export interface ControlServer {
  readonly url: string;
  close(): Promise<void>;
}

type Action = (
  control: HeappeControl,
  body: Readonly<Record<string, unknown>>,
  instance: Instance,
) => Promise<unknown> | unknown;

/** By method and path. HEAppE has nothing of the kind, and it is not on HEAppE's port. */
const actions: Readonly<Record<string, Action>> = {
  'GET /control/version': (_control, _body, { traits }) => ({ version: traits.version }),
  'GET /control/faults': (control) => control.faults(),
  'POST /control/faults': (control, body) => {
    control.addFault(ruleFrom(body));
    return control.faults();
  },
  'DELETE /control/faults': (control) => {
    control.clearFaults();
    return control.faults();
  },
  'PUT /control/switches': (control, body) => {
    control.setSwitches(body);
    return control.faults();
  },
  'POST /control/poll': (control) => control.poll(),
  'POST /control/clock': (control, body) => control.advance(Number(body.aheadMs ?? 0)),
  'POST /control/expire-sessions': (control) => control.expireSessions(),
  'POST /control/stale-tunnels': (control) => control.makeTunnelsStale(),
  'POST /control/purge': (control, body) => control.purge(Number(body.jobId)),
  'POST /control/restart': (control, body) => control.restart({ downMs: Number(body.downMs ?? 0) }),
};

/** @throws the listen error */
export async function startControlServer(
  instance: Instance,
  control: HeappeControl,
): Promise<ControlServer> {
  const server = createServer((request, response) => {
    answer(instance, control, request, response).catch((error: unknown) => {
      sendJson(response, 400, { error: error instanceof Error ? error.message : String(error) });
    });
  });
  const { host, controlPort } = instance.settings;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port: controlPort }, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${host}:${port}/control`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  instance: Instance,
  control: HeappeControl,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = new URL(request.url ?? '/', 'http://control').pathname;
  const action = actions[`${request.method} ${path}`];
  if (action === undefined) {
    sendJson(response, 404, { error: 'no such switch', known: Object.keys(actions) });
    return;
  }
  const body = await readBody(request, 1_000_000);
  const value = body.length === 0 ? {} : parseJson(body);
  const result = await action(control, value as Readonly<Record<string, unknown>>, instance);
  sendJson(response, 200, result ?? { done: true });
}

function ruleFrom(body: Readonly<Record<string, unknown>>): FaultRule {
  const { action = '*', when = 'before', effect, times = null } = body;
  const kinds = ['delay', 'hang', 'disconnect', 'status'];
  if (!kinds.includes(String((effect as { kind?: unknown } | undefined)?.kind))) {
    throw new Error(`effect.kind must be one of ${kinds.join(', ')}`);
  }
  if (when !== 'before' && when !== 'after') throw new Error('when must be before or after');
  return {
    action: String(action),
    when,
    effect: effect as FaultRule['effect'],
    times: times === null ? null : Number(times),
  };
}
