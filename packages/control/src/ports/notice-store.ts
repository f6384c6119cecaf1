import type { EpochMs, Notice, NoticeKey, ServiceId } from '@wakefield/domain';

/** A notice that nobody has taken yet. */
export interface WaitingNotice extends Notice {
  /** How often it was tried. */
  readonly tries: number;
  readonly nextTryAt: EpochMs;
}

/** What is still to be told of services. `ServiceStore.savePlan` writes it, together with what it tells of. */
export interface NoticeStore {
  /** Services of which something is due to be told, most overdue first. */
  listDue(now: EpochMs, limit: number): Promise<readonly ServiceId[]>;
  /** What is to be told of a service, oldest first, whether it is due or not. */
  listWaiting(serviceId: ServiceId, limit: number): Promise<readonly WaitingNotice[]>;
  /** Counts a try that failed. */
  putOff(notice: NoticeKey, nextTryAt: EpochMs): Promise<void>;
  /** It is not tried again. */
  settle(notice: NoticeKey, outcome: 'delivered' | 'given_up', now: EpochMs): Promise<void>;
  /** Deletes what was settled before `settled`, and what still waits although it is older than `at`. */
  purge(settled: EpochMs, at: EpochMs): Promise<number>;
  /** When the oldest that waits happened; null: none does. */
  oldestWaiting(): Promise<EpochMs | null>;
}
