import type { Visits } from '@wakefield/auth';
import { isAppError } from '@wakefield/domain';
import type { ProxyMetrics } from '../metrics.ts';

/** Visits, and what an operator sees of them. */
export function countVisits(visits: Visits, { visit }: Pick<ProxyMetrics, 'visit'>): Visits {
  return {
    ...visits,
    invite: async (...asked) => {
      try {
        const invitation = await visits.invite(...asked);
        visit('invited');
        return invitation;
      } catch (error) {
        if (isAppError(error) && error.code === 'rate_limit_exceeded') visit('refused');
        throw error;
      }
    },
    begin: async (...asked) => {
      const cookie = await visits.begin(...asked);
      visit(cookie === null ? 'link_unfit' : 'begun');
      return cookie;
    },
  };
}
