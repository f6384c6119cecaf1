import type { ProjectName } from '../vocabulary/ids.ts';
import type { DurationMs, EpochMs } from '../vocabulary/time.ts';
import { can, type Principal } from './access.ts';

/** Whose usage a caller sees: everybody's in the project, or what is its own. */
export type UsageView = 'everybody' | 'own';

/** Who manages a project answers for what it uses; how much somebody else asks is nobody's business otherwise. */
export function usageView(principal: Principal, project: ProjectName): UsageView {
  return can(principal, 'manage', project) ? 'everybody' : 'own';
}

const hourMs = 3_600_000;

/** The first hour of which sums are still there: those that began before are deleted when they are so old. */
export function sumsKeptFrom(now: EpochMs, keptMs: DurationMs): EpochMs {
  return Math.ceil((now - keptMs) / hourMs) * hourMs;
}
