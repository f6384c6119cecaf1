import type { Fields } from '../http/fields.ts';
import { HeappeError } from '../http/heappe-error.ts';
import { type Call, sessionCodeOf } from '../http/routes.ts';
import { taskFor } from '../jobs/find-job.ts';
import type { VersionTraits } from '../versions.ts';
import type { Tunnel } from './tunnels.ts';

const addressForms = [
  /^(\d{1,3}\.){3}\d{1,3}$/,
  /^([0-9A-F]{1,4}:){7}[0-9A-F]{1,4}$/,
  /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/,
];

export function addressComplaints(id: number, address: string, port: number): readonly string[] {
  const complaints: string[] = [];
  if (id <= 0) complaints.push('Id must be greater than 0.');
  if (!addressForms.some((form) => form.test(address))) {
    complaints.push('IpAddress has wrong format.');
  }
  if (port < 0 || port > 65_535 || port === 22) complaints.push('Port has wrong value.');
  return complaints;
}

export const connectionError = (key: string, text = key) =>
  new HeappeError('connection', key, text);

const readHeaders = (fields: Fields) =>
  fields.objects('HttpHeaders', (item) => ({
    name: item.text('Name', 50) ?? '',
    value: item.text('Value', 100) ?? '',
  }));

/** @throws BindingError */
export function readTransfer(call: Call, traits: VersionTraits) {
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

/** A request to a job's node as it was asked for. */
export type Transfer = ReturnType<typeof readTransfer>;

export function transferComplaints(asked: Transfer): readonly string[] {
  const complaints = [...addressComplaints(asked.id, asked.address, asked.port)];
  if (asked.httpRequest === '') complaints.push('HttpRequest cannot be empty.');
  for (const { name, value } of asked.headers ?? []) {
    if (name === '') complaints.push('HttpHeader name cannot be empty.');
    if (value === '') complaints.push('HttpHeader value cannot be empty.');
  }
  return complaints;
}

/** @throws HeappeError when there is none for this person, node and port */
export function tunnelFor(call: Call, asked: Transfer): Tunnel {
  const { tunnels, traits } = call.instance;
  const { task, user } = taskFor(call, asked.id, asked.sessionCode, {
    shared: traits.secondTunnel === 'existing',
  });
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
