import { pause } from '../wakefield.ts';
import type { PlugSite } from './plugs.ts';
import type { Way } from './ways.ts';

/** Which of its calls the HEAppE for tests answers otherwise (packages/heappe-server/src/faults/faults.ts). */
interface Rule {
  /** Last word of the path; absent: every call. */
  readonly action?: string;
  readonly when?: 'before' | 'after';
  readonly effect: { readonly kind: string; readonly ms?: number; readonly status?: number };
}

const lastsMs = 20_000;

/** All tunnels look alive and are dead. */
export const tunnelsStale: Way = atOnce('stale tunnels', 'all streams', 'stale-tunnels');

/** Nobody is signed in any more. */
export const sessionsEnded: Way = atOnce('sessions end', 'nothing', 'expire-sessions');

/** HEAppE answers some calls otherwise for a while. */
export function misbehaving(label: string, rule: Rule): Way {
  return {
    label: `${label}, ${lastsMs / 1_000} s`,
    cost: 'nothing',
    refuses: 'nothing',
    async aim(site) {
      const end = () => tell(site, 'DELETE', 'faults');
      return {
        pids: [],
        jobNames: [],
        strike: () => tell(site, 'POST', 'faults', rule),
        async over() {
          await pause(lastsMs);
          await end();
          return Date.now();
        },
        whole: async () => undefined,
        letGo: () => void end().catch(() => undefined),
      };
    },
  };
}

function atOnce(label: string, cost: Way['cost'], word: string): Way {
  return {
    label,
    cost,
    refuses: 'nothing',
    aim: async (site) => ({
      pids: [],
      jobNames: [],
      strike: () => tell(site, 'POST', word),
      over: async () => Date.now(),
      whole: async () => undefined,
      letGo: () => undefined,
    }),
  };
}

/** By the port on which it is told to go wrong; another one since each start. */
async function tell(
  { wakefield }: PlugSite,
  method: string,
  word: string,
  body?: Rule,
): Promise<void> {
  const control = (await wakefield.runFile()).heappe?.control ?? '';
  const response = await fetch(`${control}/${word}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${word}: ${await response.text()}`);
}
