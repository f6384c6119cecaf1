import type {
  EpochMs,
  ProjectName,
  UsageFigures,
  UsageGroup,
  UsageKey,
  UsageRecord,
} from '@wakefield/domain';

/** Thrown where the database will never take one of these records: asking again is no use. */
export class UnfitRecordsError extends Error {
  override readonly name = 'UnfitRecordsError';
}

/** Which requests are summed up, and how they are told apart. */
export interface UsageQuestion {
  readonly project: ProjectName;
  /** Whole hours: from the first moment of one to that of another, which is not in it. */
  readonly from: EpochMs;
  readonly to: EpochMs;
  /** null: everybody's. */
  readonly principal: string | null;
  /** In this order. None: the sums alone. */
  readonly groupBy: readonly UsageKey[];
  /** Groups at most. */
  readonly limit: number;
  /** Behind the group with these values; null: from the first on. */
  readonly after: readonly (string | EpochMs | null)[] | null;
}

/** Records of requests, and their sums by the hour. */
export interface UsageStore {
  /**
   * All or none, and durable when it resolves. What is there already is passed over: who does not know whether it was
   * heard says it again.
   * @returns how many were new
   * @throws UnfitRecordsError
   */
  add(records: readonly UsageRecord[]): Promise<number>;
  /** Groups in the order of their values, those without a name first; `totals` over all of them. */
  sums(
    question: UsageQuestion,
  ): Promise<{ readonly totals: UsageFigures; readonly groups: readonly UsageGroup[] }>;
  /** Deletes records of before this moment, so many at most. Their sums stay. @returns how many it were */
  purgeRecords(before: EpochMs, limit: number): Promise<number>;
  /** Deletes sums of hours before this moment. */
  purgeSums(before: EpochMs, limit: number): Promise<number>;
}
