import type { Address } from '@wakefield/domain';

/** Where a service is, for its callers and for us. */
export interface ServicePlace {
  /** Path under which its caller has asked for it, without a slash at its end. */
  readonly prefix: string;
  /** Whether it is asked on an origin of its own. */
  readonly isVisited: boolean;
  /** Whether browsers can vouch for its cookies: over https on an origin of its own. */
  readonly guardsCookies: boolean;
  /** What follows it: path and query. */
  readonly rest: string;
  /** Host by which its caller has asked for it. */
  readonly publicHost: string | undefined;
  /** Where it listens. */
  readonly address: Address;
  /** Whether its pages are below the prefix; else they are at its root. */
  readonly underBasePath: boolean;
}
