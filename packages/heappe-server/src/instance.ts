import type { Clock } from './clock.ts';
import type { Faults } from './faults/faults.ts';
import type { TokenPerson } from './people/bearer.ts';
import type { Sessions } from './people/sessions.ts';
import type { Scheduler } from './scheduler/scheduler.ts';
import type { Settings } from './settings.ts';
import type { Tunnels } from './tunnels/tunnels.ts';
import type { VersionTraits } from './versions.ts';
import type { Database } from './world/database.ts';

/** One running HEAppE: what its endpoints work with. */
export interface Instance {
  readonly settings: Settings;
  readonly traits: VersionTraits;
  readonly database: Database;
  readonly clock: Clock;
  readonly faults: Faults;
  readonly sessions: Sessions;
  readonly tunnels: Tunnels;
  readonly scheduler: Scheduler;
  /** Answers of ListAvailableClusters, by who asked what. */
  readonly cache: Map<string, { readonly value: unknown; readonly until: number }>;
  readonly introspected: Map<
    string,
    { readonly person: TokenPerson | null; readonly until: number }
  >;
}
