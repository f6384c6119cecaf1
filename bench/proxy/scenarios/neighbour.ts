import type { Entrant } from '../entrant.ts';
import type { LoadOrder, RunResult } from '../load/orders.ts';
import type { Scenario } from './scenario.ts';

export interface NeighbourOptions {
  /** Of those who are measured. */
  readonly perSecond: number;
  readonly ms: number;
  /** For the neighbours to have arrived. */
  readonly settleMs: number;
}

const mib = 1024 * 1024;

/** Somebody on the same proxy who behaves badly: how much later the others are answered. */
export function busyNeighbour({ perSecond, ms, settleMs }: NeighbourOptions): Scenario {
  return {
    name: 'busy neighbour',
    about:
      `${perSecond} requests/s as in "first byte", alone and then beside 20 requests/s with 1 MB each, 20 clients that take ` +
      '64 KB/s of 4 MB, and 20 connections/s with garbage',
    mostRounds: 3,
    takes: ({ slow, brief }) => !slow && !brief,
    run: async (entrant, { tools }) => {
      const asked = await entrant.asked('json', 2048);
      const measured = () => tools.load.run<RunResult>({ ...asked, kind: 'open', perSecond, ms });
      const alone = await measured();
      const orders = await neighbours(entrant, settleMs + ms);
      const going = Promise.allSettled(
        orders.map((order, index) => tools.others[index]?.run(order)),
      );
      await new Promise((resolve) => setTimeout(resolve, settleMs));
      const beside = await measured();
      // The first has an end of its own; the others would go on for ever.
      const broken = (await going).find(({ status }) => status === 'rejected');
      if (broken?.status === 'rejected') throw broken.reason;
      await Promise.all(tools.others.slice(1).map((other) => other.run({ kind: 'release' })));
      return {
        'first byte p99 µs, alone': alone.p99,
        'first byte p99 µs, beside them': beside.p99,
        'p99 moved by µs': beside.p99 - alone.p99,
      };
    },
  };
}

async function neighbours(entrant: Entrant, ms: number): Promise<readonly LoadOrder[]> {
  const large = await entrant.asked('json', mib);
  const slow = await entrant.asked(`bytes-${4 * mib}`, 300);
  return [
    { ...large, kind: 'open', perSecond: 20, ms },
    { ...slow, kind: 'slow', connections: 20, perSecond: 64 * 1024 },
    { kind: 'garbage', perSecond: 20, port: entrant.running.port },
  ];
}
