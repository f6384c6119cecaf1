import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Fields } from '../http/fields.ts';
import { HeappeError } from '../http/heappe-error.ts';
import { type Call, type Reply, type Route, sessionCodeOf } from '../http/routes.ts';
import { taskFor } from '../jobs/find-job.ts';
import { NodeUnreachable, send } from '../tunnels/node-request.ts';
import type { Tunnel } from '../tunnels/tunnels.ts';
import type { VersionTraits } from '../versions.ts';
import { jobState } from '../world/types.ts';

const path = (action: string) => `DataTransfer/${action}`;

/** DataTransferController, for a version. */
export function dataTransferRoutes(traits: VersionTraits): readonly Route[] {
  return [
    { method: 'POST', path: path('RequestDataTransfer'), limit: 170, handle: open },
    { method: 'POST', path: path('CloseDataTransfer'), limit: 220, handle: close },
    { method: 'POST', path: path('HttpGetToJobNode'), limit: 50_000, handle: get },
    { method: 'POST', path: path('HttpPostToJobNode'), limit: traits.postLimit, handle: post },
    {
      method: 'POST',
      path: path('HttpPostToJobNodeStream'),
      limit: traits.postLimit,
      since: ({ streaming }) => streaming !== 'no',
      handle: stream,
    },
  ];
}

const addressForms = [
  /^(\d{1,3}\.){3}\d{1,3}$/,
  /^([0-9A-F]{1,4}:){7}[0-9A-F]{1,4}$/,
  /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/,
];

function addressComplaints(id: number, address: string, port: number): readonly string[] {
  const complaints: string[] = [];
  if (id <= 0) complaints.push('Id must be greater than 0.');
  if (!addressForms.some((form) => form.test(address))) {
    complaints.push('IpAddress has wrong format.');
  }
  if (port < 0 || port > 65_535 || port === 22) complaints.push('Port has wrong value.');
  return complaints;
}

function refuse(complaints: readonly string[]): void {
  if (complaints.length > 0) {
    throw new HeappeError('validation', 'NotValid', `${complaints.join('\n')}\n`);
  }
}

const connectionError = (key: string, text = key) => new HeappeError('connection', key, text);

function present(tunnel: Tunnel): object {
  return {
    SubmittedTaskId: tunnel.taskId,
    Port: tunnel.localPort,
    NodeIPAddress: tunnel.nodeHost,
    NodePort: tunnel.nodePort,
  };
}

function open(call: Call): Reply {
  const { traits, tunnels } = call.instance;
  const asked = call.read((fields) => ({
    id: fields.number(traits.taskIdField),
    address: fields.text('IpAddress', 50) ?? '',
    port: fields.number('Port'),
    sessionCode: sessionCodeOf(fields),
  }));
  refuse(addressComplaints(asked.id, asked.address, asked.port));
  const { task, user } = taskFor(call, asked.id, asked.sessionCode, { shared: true });
  if (task.state !== jobState.running) {
    throw connectionError('NotRunningTask', `TaskId '${task.id}' is not a currently running task.`);
  }
  const existing = tunnels.of(task.id);
  if (traits.secondTunnel === 'existing') {
    const own = existing.find(({ ownerId }) => ownerId === user.id);
    if (own !== undefined) return { json: present(own) };
  } else if (
    existing.some(({ nodeHost, nodePort }) => nodeHost === asked.address && nodePort === asked.port)
  ) {
    throw connectionError(
      'PortAlreadyInUse',
      `TaskId '${task.id}' with remote node IP address '${asked.address}' already has SSH tunnel for port '${asked.port}'.`,
    );
  }
  const tunnel = tunnels.open({
    taskId: task.id,
    ownerId: user.id,
    nodeHost: asked.address,
    nodePort: asked.port,
  });
  if (tunnel === null) {
    throw new HeappeError(
      'tunnel',
      'NoFreeLocalPortForSsh',
      'There is no free local port available for creation of SSH tunnel.',
    );
  }
  return { json: present(tunnel) };
}

function close(call: Call): Reply {
  const { traits, tunnels } = call.instance;
  const asked = call.read((fields) => {
    const method = fields.object('UsedTransferMethod');
    return {
      id: method?.number('SubmittedTaskId') ?? 0,
      address: method?.text('NodeIPAddress', 50) ?? '',
      localPort: method?.number('Port') ?? 0,
      port: method?.number('NodePort') ?? 0,
      sessionCode: sessionCodeOf(fields),
    };
  });
  refuse(addressComplaints(asked.id, asked.address, asked.port));
  const { task, user } = taskFor(call, asked.id, asked.sessionCode, { shared: true });
  if (traits.secondTunnel === 'existing') {
    const existing = tunnels.of(task.id);
    if (existing.length === 0) {
      throw connectionError(
        'NoActiveConnection',
        `TaskId '${task.id}' with node IP address '{1}' does not have an active connection.`,
      );
    }
    const tunnel = existing.find(({ localPort }) => localPort === asked.localPort);
    if (tunnel === undefined) throw connectionError('ConnectionNotFound');
    if (tunnel.ownerId !== user.id) {
      throw new HeappeError(
        'unauthorized',
        `Access denied: You do not have permission to close this tunnel. It belongs to user ID ${tunnel.ownerId}.`,
      );
    }
  }
  tunnels.closeTask(task.id);
  return { json: 'CloseDataTransfer' };
}

const readHeaders = (fields: Fields) =>
  fields.objects('HttpHeaders', (item) => ({
    name: item.text('Name', 50) ?? '',
    value: item.text('Value', 100) ?? '',
  }));

function readTransfer(call: Call, traits: VersionTraits) {
  return call.read((fields) => ({
    id: fields.number(traits.taskIdField),
    httpRequest: fields.text('HttpRequest') ?? '',
    headers: readHeaders(fields),
    payload: fields.text('HttpPayload'),
    address: fields.text('NodeIPAddress', 50) ?? '',
    port: fields.number('NodePort'),
    sessionCode: sessionCodeOf(fields),
  }));
}

type Transfer = ReturnType<typeof readTransfer>;

function transferComplaints(asked: Transfer): readonly string[] {
  const complaints = [...addressComplaints(asked.id, asked.address, asked.port)];
  if (asked.httpRequest === '') complaints.push('HttpRequest cannot be empty.');
  for (const { name, value } of asked.headers ?? []) {
    if (name === '') complaints.push('HttpHeader name cannot be empty.');
    if (value === '') complaints.push('HttpHeader value cannot be empty.');
  }
  return complaints;
}

/** @throws HeappeError when there is none for this person, node and port */
function tunnelFor(call: Call, asked: Transfer): Tunnel {
  const { tunnels, traits } = call.instance;
  const { task, user } = taskFor(call, asked.id, asked.sessionCode, { shared: true });
  const tunnel = tunnels
    .of(task.id)
    .findLast(
      ({ nodeHost, nodePort, ownerId }) =>
        nodeHost === asked.address &&
        nodePort === asked.port &&
        (traits.secondTunnel === 'refused' || ownerId === user.id),
    );
  if (tunnel !== undefined) return tunnel;
  if (traits.secondTunnel === 'existing') throw connectionError('NoActiveConnectionForUser');
  throw connectionError(
    'NoActiveConnection',
    `TaskId '${asked.id}' with node IP address '${asked.address}' does not have an active connection.`,
  );
}

function get(call: Call): Promise<Reply> {
  const asked = readTransfer(call, call.instance.traits);
  refuse([
    ...transferComplaints(asked),
    ...(asked.headers?.length === 0 ? ['HttpHeaders cannot be empty.'] : []),
  ]);
  return exchange(call, asked, 'GET');
}

function post(call: Call): Promise<Reply> {
  const asked = readTransfer(call, call.instance.traits);
  refuse(transferComplaints(asked));
  return exchange(call, asked, 'POST');
}

/** Anything but 200 is 400 with the body's text; nothing within the time is 400 with none. */
async function exchange(call: Call, asked: Transfer, method: 'GET' | 'POST'): Promise<Reply> {
  const { instance } = call;
  if (asked.headers === null) throw new HeappeError('internal', 'null');
  const tunnel = tunnelFor(call, asked);
  const inTime = AbortSignal.timeout(instance.settings.nodeTimeoutMs);
  const answer = await ask(call, healed(call, tunnel), asked, method, inTime);
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

/** From 6.0 until tunnels were kept by person, a refused one was made anew in the call. */
function healed({ instance }: Call, tunnel: Tunnel): Tunnel {
  const { traits, tunnels } = instance;
  if (!tunnel.stale || traits.secondTunnel === 'existing' || traits.checksSessionCode) {
    return tunnel;
  }
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
      { method, path: asked.httpRequest, headers: asked.headers ?? [], payload },
      signal,
    );
    const parts: Buffer[] = [];
    for await (const part of response as AsyncIterable<Buffer>) parts.push(part);
    return { status: response.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') };
  } catch {
    return { status: 0, text: '' };
  }
}

/** Once the request has bound, the status is 200, and errors are lines of the stream. */
async function stream(call: Call): Promise<Reply> {
  const { response, instance } = call;
  const asked = readTransfer(call, instance.traits);
  const complaints = transferComplaints(asked);
  if (complaints.length > 0) {
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
    response.end(`Validation failed: ${complaints.join('\n')}\n`);
    return 'streamed';
  }
  if (asked.headers === null) throw new HeappeError('internal', 'null');
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-store',
    'x-accel-buffering': 'no',
  });
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    const tunnel = tunnelFor(call, asked);
    await relay(call, await streamFrom(call, tunnel, asked, gone.signal));
    response.end();
  } catch (error) {
    if (!gone.signal.aborted) response.end(`data: Error: ${messageOf(error)}\n\n`);
  }
  return 'streamed';
}

function messageOf(error: unknown): string {
  if (error instanceof HeappeError) return error.key;
  return error instanceof Error ? error.message : String(error);
}

async function streamFrom(
  call: Call,
  tunnel: Tunnel,
  asked: Transfer,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const contentType = (asked.headers ?? []).find(
    ({ name }) => name.toLowerCase() === 'content-type',
  )?.value;
  if (contentType !== undefined && !/^[\w.+-]+\/[\w.+-]+$/.test(contentType)) {
    throw new Error(`The format of value '${contentType}' is invalid.`);
  }
  const others = (asked.headers ?? []).filter(({ name }) => name.toLowerCase() !== 'content-type');
  const headers = [
    ...others,
    { name: 'content-type', value: `${contentType ?? 'application/json'}; charset=utf-8` },
  ];
  const wanted = { method: 'POST', path: asked.httpRequest, headers, payload: asked.payload ?? '' };
  const response = await send(call.instance, tunnel, { ...wanted, method: 'POST' }, signal);
  const status = response.statusCode ?? 0;
  if (status < 200 || status > 299) {
    response.destroy();
    throw connectionError('ResponseNotOk');
  }
  return response;
}

const wrappedPiece = 256;

/** Copies what the node says; a node that breaks off in the middle is told of as HttpClient tells it. */
async function relay({ instance, response }: Call, source: IncomingMessage): Promise<void> {
  const { traits, faults } = instance;
  const isEvents = /^text\/event-stream/i.test(source.headers['content-type'] ?? '');
  let sent = 0;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      for (const piece of traits.streaming === 'raw' || isEvents ? [chunk] : wrap(chunk)) {
        await write(response, piece);
      }
      sent += chunk.length;
      const limit = faults.switches.cutStreamsAfterBytes;
      if (limit !== null && sent >= limit) throw new Error('cut');
    }
  } catch (error) {
    source.destroy();
    throw new NodeUnreachable('The response ended prematurely. (ResponseEnded)', { cause: error });
  }
}

/** 6.1.0 to 6.2.1: pieces of whatever is no event stream become events. */
function wrap(chunk: Buffer): readonly Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < chunk.length; at += wrappedPiece) {
    const part = chunk.subarray(at, at + wrappedPiece);
    pieces.push(Buffer.concat([Buffer.from('data: '), part, Buffer.from('\n\n')]));
  }
  return pieces;
}

async function write(response: ServerResponse, piece: Buffer): Promise<void> {
  if (response.destroyed) throw new Error('the caller went away');
  if (!response.write(piece))
    await Promise.race([once(response, 'drain'), once(response, 'close')]);
}
