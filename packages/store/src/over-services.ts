import { overStates } from '@wakefield/domain';
import { sql } from 'drizzle-orm';
import { services } from './schema/services.ts';

/** Written out, not as parameters: the planner has to see that a partial index is meant. */
const listed = sql.raw(overStates.map((state) => `'${state}'`).join(', '));

/** Whether nothing follows of a service any more, as the last plan saw it: `isOver` in SQL. */
export const isOverService = sql`(${services.state} in (${listed}))`;
