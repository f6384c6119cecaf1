import { serveLines } from '../../child/serve-lines.ts';
import { type Background, garbage, hold, slowReaders } from '../load/background.ts';
import { type LoadOrder, orderOf } from '../load/orders.ts';
import { closedLoop, openLoop, storm } from '../load/runs.ts';

/** The load generator for where there is no C compiler. */
let background: Background | null = null;

serveLines({}, async (line) => {
  const problem = background?.problem() ?? null;
  if (problem !== null) throw new Error(problem);
  return await obey(orderOf(line));
});

async function obey(order: LoadOrder): Promise<unknown> {
  switch (order.kind) {
    case 'closed':
      return closedLoop(order);
    case 'open':
      return openLoop(order);
    case 'storm':
      return storm(order);
    case 'hold':
      background = await hold(order);
      return { open: order.connections };
    case 'slow':
      background = slowReaders(order);
      return {};
    case 'garbage':
      background = garbage(order);
      return {};
    case 'lag':
      return background?.lag(order.ms);
    case 'release':
      background?.release();
      background = null;
      return {};
  }
}
