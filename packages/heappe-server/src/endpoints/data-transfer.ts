import { HeappeError, refuse } from '../http/heappe-error.ts';
import { type Call, type Reply, type Route, sessionCodeOf } from '../http/routes.ts';
import { taskFor } from '../jobs/find-job.ts';
import { addressComplaints, connectionError } from '../tunnels/transfer.ts';
import type { Tunnel } from '../tunnels/tunnels.ts';
import type { VersionTraits } from '../versions.ts';
import { jobState } from '../world/job-types.ts';
import { getFromNode, postToNode } from './node-calls.ts';
import { streamFromNode } from './node-stream.ts';

const path = (action: string) => `DataTransfer/${action}`;

/** DataTransferController, for a version. */
export function dataTransferRoutes(traits: VersionTraits): readonly Route[] {
  return [
    { method: 'POST', path: path('RequestDataTransfer'), limit: 170, handle: open },
    { method: 'POST', path: path('CloseDataTransfer'), limit: 220, handle: close },
    { method: 'POST', path: path('HttpGetToJobNode'), limit: 50_000, handle: getFromNode },
    {
      method: 'POST',
      path: path('HttpPostToJobNode'),
      limit: traits.postLimit,
      handle: postToNode,
    },
    {
      method: 'POST',
      path: path('HttpPostToJobNodeStream'),
      limit: traits.postLimit,
      since: ({ streaming }) => streaming !== 'no',
      handle: streamFromNode,
    },
  ];
}

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
  const { task, user } = taskFor(call, asked.id, asked.sessionCode, {
    shared: traits.secondTunnel === 'existing',
  });
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
  const { task, user } = taskFor(call, asked.id, asked.sessionCode, {
    shared: traits.secondTunnel === 'existing',
  });
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
