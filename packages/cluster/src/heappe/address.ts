import type { Address } from '@wakefield/domain';

/**
 * How the address of an engine that is reached through HEAppE says which task it belongs to. Routes carry a host and a
 * port and nothing else, from the scheduler's job row over Postgres to the proxies, which have the cluster's
 * configuration and no more. So the task is part of the host: `task-4711.cn01`, a name that is one in URLs, headers
 * and logs, and that no resolver knows. The port is the engine's own, on the node.
 */
const form = /^task-(\d{1,19})\.([A-Za-z0-9._-]{1,220})$/;

/** An engine's address as a data transfer needs it. */
export interface TaskAddress {
  readonly taskId: number;
  /** Node as HEAppE's login node calls it: a name or an IPv4 address. */
  readonly node: string;
  readonly port: number;
}

/** @returns null when the node cannot be named so (IPv6) */
export function toAddress({ taskId, node, port }: TaskAddress): Address | null {
  const host = `task-${taskId}.${node}`;
  return form.test(host) ? { host, port } : null;
}

/** @returns null for an address that is not one of a HEAppE task */
export function toTaskAddress({ host, port }: Address): TaskAddress | null {
  const match = form.exec(host);
  const [, id, node] = match ?? [];
  return id === undefined || node === undefined ? null : { taskId: Number(id), node, port };
}
