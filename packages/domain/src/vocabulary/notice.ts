import type { ClusterName, ProjectName, ServiceId } from './ids.ts';
import type { ServiceState } from './service.ts';
import type { EpochMs } from './time.ts';

/**
 * What is told of a service to whoever wants to hear of it.
 * - `running`  it answers
 * - `ending`   the walltime of its job is over soon, and nothing follows
 * - `stopped`, `completed`, `failed`  it is over
 */
export type NoticeKind = 'running' | 'ending' | 'stopped' | 'completed' | 'failed';

/** Which notice it is: each is told of a job once, so what is decided again is the same one. */
export interface NoticeKey {
  readonly serviceId: ServiceId;
  readonly kind: NoticeKind;
  /** Number of the job in its service; 0: it never had one. */
  readonly seq: number;
}

/** Something that happened to a service, as it stood at that moment. Holds no secrets, and nothing of a log. */
export interface Notice extends NoticeKey {
  readonly at: EpochMs;
  readonly facts: NoticeFacts;
}

export interface NoticeFacts {
  readonly clusterJobId: string | null;
  readonly name: string;
  readonly recipe: string;
  readonly project: ProjectName;
  readonly cluster: ClusterName;
  readonly state: ServiceState;
  readonly reason: string | null;
  /** Of the job. */
  readonly endsAt: EpochMs | null;
}
