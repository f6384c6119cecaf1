import { isIP } from 'node:net';
import type { LaunchProfile } from '@wakefield/control';
import type { Address } from '@wakefield/domain';

/** What of a cluster's configuration decides where its jobs may be reached. */
export type PlaceRules = Pick<LaunchProfile, 'advertise' | 'ports'>;

/**
 * Whether a job may be reached where its endpoint file says. Whoever has a shell in the account of jobs, as users of a notebook
 * do, can write into that of another job: requests, whose callers trust us, must not be led to the metadata service of a
 * cloud, to our own network or to the login node.
 * @param node on which the cluster says that it runs, by the cluster's name for it; null: not known
 */
export function isItsPlace(
  { host, port }: Address,
  node: string | null,
  rules: PlaceRules,
): boolean {
  const { advertise, ports } = rules;
  if (port < ports.from || port > ports.to) return false;
  switch (advertise.kind) {
    case 'fixed':
      return host === advertise.host;
    case 'ip':
      return isIP(host) !== 0 && !isSpecial(host);
    case 'hostname':
      return node !== null && isSameName(host, node);
    case 'fqdn':
      return node !== null && (isSameName(host, node) || host.startsWith(`${shortOf(node)}.`));
  }
}

/** A node may be known by its short name or by all of it. */
function isSameName(host: string, node: string): boolean {
  return host === node || host === shortOf(node);
}

function shortOf(node: string): string {
  return isIP(node) === 0 ? (node.split('.')[0] ?? node) : node;
}

/** Of no node: unspecified, loopback, link-local (metadata services of clouds among them), multicast (RFC 6890). */
const special =
  /^(0\.|127\.|169\.254\.|22[4-9]\.|2[3-5]\d\.|::1?$|::ffff:|fe[89ab][0-9a-f]?:|ff[0-9a-f]{2}:)/i;

function isSpecial(host: string): boolean {
  return special.test(host);
}
