import {
  parseInput,
  projectParams,
  type UsageSpan,
  usageGroupBy,
  usageQuery,
  usageSpan,
} from '@wakefield/contracts';
import { AppError, sumsKeptFrom, usageView } from '@wakefield/domain';
import type { ApiDeps } from '../../deps.ts';
import type { Binder } from '../../http/bind.ts';
import { principalOf } from '../../http/context.ts';
import { iso } from '../../http/iso.ts';
import { announceNext } from '../../http/page.ts';
import { projectPath } from '../../http/paths.ts';
import { existingProject } from '../projects/access.ts';
import { cursorOf, readCursor } from './cursor.ts';
import { presentFigures, presentGroup } from './presenter.ts';

const DEFAULT_LIMIT = 100;

export type UsageDeps = Pick<ApiDeps, 'usage' | 'projects' | 'clock' | 'usageSumsMs'>;

export function usageRoutes({ bind }: Binder, deps: UsageDeps): void {
  bind('getUsage', async (req, res) => {
    const { project } = parseInput(projectParams, req.params, 'path');
    const query = parseInput(usageQuery, req.query, 'query');
    const now = deps.clock.now();
    const { from, to } = spanOf(query, now);
    const groupBy = usageGroupBy(query.group_by);
    const after = readCursor(groupBy, query.after);
    await existingProject(deps, res, project);
    const principal = principalOf(res);
    const view = usageView(principal, project);
    const limit = query.limit === undefined ? DEFAULT_LIMIT : Number(query.limit);
    const { totals, groups } = await deps.usage.sums({
      project,
      from,
      to,
      principal: view === 'own' ? principal.id : null,
      groupBy,
      // One more than asked for tells whether there is a next page.
      limit: limit + 1,
      after,
    });
    const page = groups.slice(0, limit);
    const last = groups.length > limit ? page.at(-1) : undefined;
    const next = last === undefined ? null : cursorOf(groupBy, last);
    // The next page is of the same hours, however late it is asked for.
    const asked = { from: iso(from), to: iso(to), group_by: groupBy.join(',') };
    announceNext(res, `${projectPath(project)}/usage`, { limit, next }, asked);
    res.json({
      project,
      from: iso(from),
      to: iso(to),
      kept_from: iso(sumsKeptFrom(now, deps.usageSumsMs)),
      of: view,
      totals: presentFigures(totals),
      groups: page.map(presentGroup),
    });
  });
}

function spanOf(query: Parameters<typeof usageSpan>[0], now: number): UsageSpan {
  const span = usageSpan(query, now);
  if (!('problem' in span)) return span;
  throw new AppError('invalid_request', span.problem, { param: span.param });
}
