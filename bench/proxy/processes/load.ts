import { serveQuestions } from '../../child/serve-questions.ts';
import { closedLoop, openLoop, openStreams, type RunOptions } from '../load/runs.ts';

/** What the load generator can be told to do. */
export type LoadOrder =
  | ({ readonly kind: 'closed'; readonly connections: number } & RunOptions)
  | ({ readonly kind: 'open'; readonly perSecond: number } & RunOptions)
  | ({ readonly kind: 'hold'; readonly count: number } & Omit<RunOptions, 'ms'>)
  | { readonly kind: 'release' };

let release = (): void => undefined;

serveQuestions(async (question) => {
  const order = question as LoadOrder;
  switch (order.kind) {
    case 'closed':
      return closedLoop(order);
    case 'open':
      return openLoop(order);
    case 'hold':
      release = await openStreams(order);
      return null;
    case 'release':
      release();
      return null;
  }
});
