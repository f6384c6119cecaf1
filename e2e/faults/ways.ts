import { sendSignal } from '@wakefield/local-stack';
import pg from 'pg';
import { jobNamesOf } from '../engines.ts';
import { eventually, pause } from '../wakefield.ts';
import type { Cost, Refusal } from './blame.ts';
import type { PlugSite } from './plugs.ts';
import { tellRedis } from './tell-redis.ts';

/** One way to pull a plug. */
export interface Way {
  /** For the table: `SIGKILL`. */
  readonly label: string;
  readonly cost: Cost;
  readonly refuses: Refusal;
  /** Finds whom it will hit. */
  aim(site: PlugSite): Promise<Aim>;
}

/** Somebody who is about to be hit. */
export interface Aim {
  /** Empty where what is hit is no process. */
  readonly pids: readonly number[];
  /** Names of the jobs whose engines they are. */
  readonly jobNames: readonly string[];
  /** Since when he has stood still, where that is how he was found: there the fault begins. Epoch milliseconds. */
  readonly sinceAt?: number;
  strike(): Promise<void>;
  /** Resolves at the end of the fault, with its time; that of a fault that is over at once may lie before the strike. */
  over(): Promise<number>;
  /** Resolves when all is there again that was there before. */
  whole(): Promise<void>;
  /** Where it came to nothing: nobody is left standing. */
  letGo(): void;
}

/** Who had to be stopped to be found at the right moment. */
export interface Standing {
  readonly pids: readonly number[];
  /** Epoch milliseconds. */
  readonly sinceAt: number;
}

/** Who is found by its processes, and who starts it again. */
export interface Prey {
  readonly pids: (site: PlugSite) => Promise<readonly number[] | Standing>;
  /** As the supervisor says that it is there again; null: nobody starts it, or it belongs to a job. */
  readonly supervised: RegExp | null;
  /** Whether another one takes over: then the fault is over with the death, and not with the next start. */
  readonly twice?: boolean;
  readonly killCost?: Cost;
  readonly killRefuses?: Refusal;
  readonly stopRefuses?: Refusal;
}

/** How long somebody stands still. */
const stillMs = 20_000;
const readOnlyMs = 5_000;
const upWithinMs = 60_000;

/** SIGKILL. */
export function killed(prey: Prey): Way {
  const { supervised, twice = false, killCost = 'nothing', killRefuses = 'nothing' } = prey;
  return {
    label: 'SIGKILL',
    cost: killCost,
    refuses: killRefuses,
    async aim(site) {
      const { pids, ...since } = await found(site, prey);
      const said = site.wakefield.output().length;
      const whole = async () => {
        if (supervised === null) return;
        const isUp = async () => supervised.test(site.wakefield.output().slice(said));
        await eventually(`${supervised.source}`, isUp, upWithinMs);
      };
      return {
        pids,
        jobNames: killCost === 'its streams' ? jobNamesOf(site.wakefield.directory, pids) : [],
        ...since,
        strike: async () => signalAll(pids, 'SIGKILL'),
        async over() {
          if (twice) return since.sinceAt ?? Date.now();
          await whole();
          return Date.now();
        },
        whole,
        letGo: () => signalAll(pids, 'SIGCONT'),
      };
    },
  };
}

/** SIGSTOP, and SIGCONT after a while. */
export function stopped(prey: Prey): Way {
  return {
    label: `SIGSTOP ${stillMs / 1_000} s`,
    cost: 'nothing',
    refuses: prey.stopRefuses ?? 'nothing',
    async aim(site) {
      const { pids, ...since } = await found(site, prey);
      return {
        pids,
        jobNames: [],
        ...since,
        strike: async () => signalAll(pids, 'SIGSTOP'),
        async over() {
          await pause(stillMs);
          signalAll(pids, 'SIGCONT');
          return Date.now();
        },
        whole: async () => undefined,
        letGo: () => signalAll(pids, 'SIGCONT'),
      };
    },
  };
}

/** Everything in Redis is gone, and Redis is there. */
export const flushed: Way = {
  label: 'FLUSHALL',
  cost: 'nothing',
  refuses: 'nothing',
  async aim({ wakefield }) {
    const { redisUrl } = await wakefield.runFile();
    return {
      pids: [],
      jobNames: [],
      strike: () => tellRedis(redisUrl, 'FLUSHALL'),
      over: async () => Date.now(),
      whole: async () => undefined,
      letGo: () => undefined,
    };
  },
};

/** What a failover looks like: every connection is cut, and for a while new ones find a standby. */
export const readOnly: Way = {
  label: `read-only ${readOnlyMs / 1_000} s`,
  cost: 'nothing',
  refuses: 'everything',
  async aim({ wakefield }) {
    const { databaseUrl } = await wakefield.runFile();
    const name = new URL(databaseUrl).pathname.slice(1);
    const run = (...statements: readonly string[]) => tellPostgres(databaseUrl, statements);
    return {
      pids: [],
      jobNames: [],
      strike: () =>
        run(
          `alter database "${name}" set default_transaction_read_only = on`,
          `select pg_terminate_backend(pid) from pg_stat_activity
           where datname = current_database() and pid <> pg_backend_pid()`,
        ),
      async over() {
        await pause(readOnlyMs);
        // Nobody cuts the connections again: whoever writes has to see that his leads to a standby.
        await run(
          'begin read write',
          `alter database "${name}" reset default_transaction_read_only`,
          'commit',
        );
        return Date.now();
      },
      whole: async () => undefined,
      letGo: () => undefined,
    };
  },
};

async function found(site: PlugSite, prey: Prey): Promise<Pick<Aim, 'pids' | 'sinceAt'>> {
  const all = await prey.pids(site);
  const who = 'sinceAt' in all ? all : { pids: all };
  if (who.pids.length === 0) throw new Error('who is to be hit does not run');
  return who;
}

function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) sendSignal(pid, signal);
}

async function tellPostgres(url: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
