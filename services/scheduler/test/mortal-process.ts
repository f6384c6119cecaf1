import { randomUUID } from 'node:crypto';
import {
  type ClusterDriver,
  createBoundsLook,
  createLogTurns,
  createStartHistories,
  createSubmissionGate,
  type SubmitCommandDeps,
  type Webhook,
} from '@wakefield/control';
import { type ClusterName, defaultPolicy } from '@wakefield/domain';
import type { CapturedLog, StoreFixture } from '@wakefield/testkit';
import type { SchedulerDeps } from '../src/consumers.ts';
import { type Life, mortalMessaging, mortalStores, mortalWebhook } from './mortal.ts';
import type { PaperCluster } from './paper-cluster.ts';

/** A scheduler, and the part of the api that accepts wishes. */
export type ProcessDeps = SchedulerDeps & SubmitCommandDeps;

/** What all processes of a world stand on, and the drivers of this one. */
export interface ProcessGrounds {
  readonly store: StoreFixture;
  readonly ports: Parameters<typeof mortalMessaging>[1];
  /** null: nobody is told of services. */
  readonly webhook: Webhook | null;
  readonly drivers: ReadonlyMap<ClusterName, ClusterDriver>;
  /** The cluster on which engines run; none where they answer nobody. */
  readonly engines: (cluster: ClusterName) => PaperCluster | undefined;
  readonly clock: SchedulerDeps['clock'];
  readonly log: CapturedLog;
}

/** A process with this life, on real stores and queues. */
export function processOf(life: Life, grounds: ProcessGrounds): ProcessDeps {
  const { store, ports, webhook, drivers, engines, clock, log } = grounds;
  const stores = mortalStores(life, store.stores);
  const { trials, ...messaging } = mortalMessaging(life, ports);
  const isUp = (cluster: ClusterName, identity: string) =>
    engines(cluster)?.engineIsUp(identity.replace('__job_', '')) ?? false;
  return {
    ...stores,
    ...messaging,
    installation: 'crash',
    holder: randomUUID(),
    webhook: webhook === null ? null : mortalWebhook(life, webhook),
    drivers,
    histories: createStartHistories({ jobs: stores.jobs, trials, drivers, clock, log }),
    bounds: createBoundsLook({ clusters: stores.clusters, clock, log }),
    submissions: createSubmissionGate(4),
    logTurns: createLogTurns(),
    defaultCluster: 'here',
    recipes: {
      render: () => ({ script: '#!/bin/bash\n', secretFiles: {} }),
      renderService: () => ({ script: '#!/bin/bash\n', secretFiles: {} }),
      capacity: () => 4,
    },
    prober: {
      probe: async ({ cluster, identity }) =>
        isUp(cluster, identity)
          ? { status: 'ready', capacity: null }
          : { status: 'not_yet', detail: 'loading' },
      metrics: async ({ cluster, identity }) =>
        isUp(cluster, identity)
          ? { gpuUtilization: null, waitingRequests: null, runningRequests: null }
          : null,
    },
    policy: { ...defaultPolicy, endGraceMs: 5_000, backoffMs: [2_000, 4_000] },
    clusterGoneAfterMs: 600_000,
    keepUsage: { recordsMs: 86_400_000, sumsMs: 86_400_000 },
    telemetry: {
      jobAdvanced: () => undefined,
      observed: () => undefined,
      reconciled: () => undefined,
      scaled: () => undefined,
    },
    clock,
    ids: { uuid: randomUUID, secret: randomUUID },
    log,
  };
}
