import { plainAsking } from '../candidates/asking.ts';
import type { Candidate } from '../candidates/candidate.ts';
import { wakefield } from '../candidates/in-node.ts';
import type { RunResult } from '../load/orders.ts';
import { type Asking, readyModel } from '../wire.ts';
import { type Scenario, underLoad } from './scenario.ts';
import type { Issued } from './tokens.ts';

export interface GrowthOptions {
  readonly models: number;
  readonly endpoints: number;
  readonly callers: number;
  readonly ms: number;
  readonly version: string;
  readonly issued: Issued;
}

const few = 10;
const connections = 64;
const bodyBytes = 300;

/** What a request costs where there is much to choose from. Each caller has a token of an issuer. */
export function growth(options: GrowthOptions): readonly Scenario[] {
  const { models, endpoints, callers, issued, version, ms } = options;
  const { authFile } = issued;
  const own = (name: string, more: Parameters<typeof wakefield>[0]): Candidate =>
    wakefield({ ...more, name: `wakefield, ${name}` });
  return [
    grown('models', ms, [
      own(`${few} models`, { version, models: few, askings: modelAskings(few) }),
      // What is only there costs nothing: this row tells it from what asking for all of them costs.
      own(`${models} models, ${few} of them asked`, {
        version,
        models,
        askings: modelAskings(few),
      }),
      own(`${models} models`, { version, models, askings: modelAskings(models) }),
    ]),
    grown('endpoints', ms, [
      own('1 endpoint', { version, endpoints: 1 }),
      own(`${few} endpoints`, { version, endpoints: few }),
      own(`${endpoints} endpoints`, { version, endpoints }),
    ]),
    grown('callers', ms, [
      own(`${few} callers`, { version, authFile, askings: callerAskings(issued, few) }),
      own(`${callers} callers`, { version, authFile, askings: callerAskings(issued, callers) }),
    ]),
  ];
}

function grown(what: string, ms: number, candidates: readonly Candidate[]): Scenario {
  return {
    name: `growth, ${what}`,
    about: `closed loop, ${connections} connections, ${bodyBytes} B in; any model or caller each time, each of them once before it counts`,
    candidates,
    mostRounds: 3,
    warmUp: async (entrant, { tools }) => {
      const asked = await entrant.asked('json', bodyBytes);
      const requests = entrant.running.askings.length;
      const closed = { ...asked, kind: 'closed', connections } as const;
      await tools.load.run<RunResult>({ ...closed, requests });
      await tools.load.run<RunResult>({ ...closed, ms: 2 * ms });
    },
    run: async (entrant, bench) => {
      const asked = await entrant.asked('json', bodyBytes);
      const { result, cpuMicros, busy } = await underLoad(entrant, bench, () =>
        bench.tools.load.run<RunResult>({ ...asked, kind: 'closed', connections, ms }),
      );
      const { requests, seconds } = result;
      return { 'CPU µs/request': cpuMicros / requests, 'requests/s': requests / seconds, ...busy };
    },
  };
}

/** As `processes/proxy.ts` names them. */
function modelAskings(count: number): readonly Asking[] {
  const more = Array.from({ length: count - 1 }, (_, n) => ({
    ...plainAsking,
    model: `${readyModel}-${n + 1}`,
  }));
  return [plainAsking, ...more];
}

function callerAskings({ tokens }: Issued, count: number): readonly Asking[] {
  return tokens.slice(0, count).map((key) => ({ ...plainAsking, key }));
}
