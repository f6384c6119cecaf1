import { HeappeError, refuse } from '../http/heappe-error.ts';
import type { Call, Reply } from '../http/routes.ts';
import { send } from '../tunnels/node-request.ts';
import { readTransfer, type Transfer, transferComplaints, tunnelFor } from '../tunnels/transfer.ts';
import type { Tunnel } from '../tunnels/tunnels.ts';

/** HttpGetToJobNode. */
export function getFromNode(call: Call): Promise<Reply> {
  const asked = readTransfer(call, call.instance.traits);
  refuse([
    ...transferComplaints(asked),
    ...(asked.headers?.length === 0 ? ['HttpHeaders cannot be empty.'] : []),
  ]);
  return exchange(call, asked, 'GET');
}

/** HttpPostToJobNode. */
export function postToNode(call: Call): Promise<Reply> {
  const asked = readTransfer(call, call.instance.traits);
  refuse(transferComplaints(asked));
  return exchange(call, asked, 'POST');
}

/** Anything but 200 is 400, from 6.2.2 on with the body's text; nothing within the time is 400 with none. */
async function exchange(call: Call, asked: Transfer, method: 'GET' | 'POST'): Promise<Reply> {
  const { instance } = call;
  if (asked.headers === null) throw new HeappeError('internal', 'null');
  const tunnel = tunnelFor(call, asked);
  const inTime = AbortSignal.timeout(instance.settings.nodeTimeoutMs);
  const answer = await ask(call, healed(call, tunnel, method), asked, method, inTime);
  if (answer.status !== 200) {
    throw new HeappeError('connection', 'ResponseNotOk', nodeErrorWords(call, answer.text));
  }
  return { json: answer.text };
}

/** UnableToCreateConnectionException_ResponseNotOk at the tags: what the node said is lost before 6.2.2. */
function nodeErrorWords({ instance }: Call, said: string): string {
  switch (instance.traits.nodeErrors) {
    case 'lost in 5.0':
      return 'Response code for HttpGet is not 200. Check your application.';
    case 'lost':
      return 'Response code for Http request is not 200. Check your application.';
    case 'bare':
      return said;
    case 'quoted':
      return `'${said}'`;
  }
}

/** From 6.0 until tunnels were kept by person, one that refused was made anew, but only for GET. */
function healed({ instance }: Call, tunnel: Tunnel, method: 'GET' | 'POST'): Tunnel {
  const { traits, tunnels } = instance;
  if (!tunnel.stale || !traits.mendsTunnels || method !== 'GET') return tunnel;
  tunnels.closeTask(tunnel.taskId);
  return tunnels.open(tunnel) ?? tunnel;
}

async function ask(
  { instance }: Call,
  tunnel: Tunnel,
  asked: Transfer,
  method: 'GET' | 'POST',
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly text: string }> {
  try {
    const payload = method === 'GET' ? null : (asked.payload ?? '');
    const response = await send(
      instance,
      tunnel,
      {
        method,
        path: `/${asked.httpRequest.replace(/^\//, '')}`,
        headers: asked.headers ?? [],
        payload,
      },
      signal,
    );
    const parts: Buffer[] = [];
    for await (const part of response as AsyncIterable<Buffer>) parts.push(part);
    return { status: response.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') };
  } catch {
    return { status: 0, text: '' };
  }
}
