import type { Address } from '@wakefield/domain';

/** One port of one node of a running HEAppE task: what HEAppE opens a tunnel to. */
export interface NodePort {
  /** HEAppE's id of the task, not of its job. */
  readonly taskId: number;
  /** IPv4 or IPv6 address, or name, as HEAppE tells it. */
  readonly node: string;
  readonly port: number;
}

/** The last label is no number, or `new URL` would read `10.0.0.5.7` as a broken IPv4 address. */
const form = /^(.+)\.task-([1-9]\d{0,15})$/;
const sixEnding = '.ip6';

/**
 * The address of an engine in a HEAppE job. It has to carry the task, because whoever dials it has only what the
 * route says: the host is `<node>.task-<id>`, good as the host of a URL, too.
 */
export function addressOfTask({ taskId, node, port }: NodePort): Address {
  const label = node.includes(':') ? `${node.replaceAll(':', '-')}${sixEnding}` : node;
  return { host: `${label}.task-${taskId}`, port };
}

/** What `addressOfTask` was given; null for an address of any other form. */
export function taskOfAddress({ host, port }: Address): NodePort | null {
  const [, label, id] = form.exec(host) ?? [];
  if (label === undefined || id === undefined || !Number.isSafeInteger(Number(id))) return null;
  const node = label.endsWith(sixEnding)
    ? label.slice(0, -sixEnding.length).replaceAll('-', ':')
    : label;
  return { taskId: Number(id), node, port };
}
