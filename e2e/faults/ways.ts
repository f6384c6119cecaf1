import { sendSignal } from '@wakefield/local-stack';
import pg from 'pg';
import { eventually, pause } from '../wakefield.ts';
import type { Cost, Refusal } from './blame.ts';
import type { PlugSite } from './plugs.ts';
import { jobNamesOf } from './processes.ts';
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
  strike(): Promise<void>;
  /** Resolves at the end of the fault. */
  over(): Promise<void>;
  /** Resolves when all is there again that was there before. */
  whole(): Promise<void>;
}

/** Who is found by its processes, and who starts it again. */
export interface Prey {
  readonly pids: (site: PlugSite) => Promise<readonly number[]>;
  /** As the supervisor says that it is there again; null: nobody starts it, or it belongs to a job. */
  readonly supervised: RegExp | null;
  /** Whether another one takes over: then the fault is over with the death, and not with the next start. */
  readonly twice?: boolean;
  readonly killCost?: Cost;
  readonly stopCost?: Cost;
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
      const pids = await found(site, prey);
      const said = site.wakefield.output().length;
      const whole = async () => {
        if (supervised === null) return;
        const isUp = async () => supervised.test(site.wakefield.output().slice(said));
        await eventually(`${supervised.source}`, isUp, upWithinMs);
      };
      return {
        pids,
        jobNames: killCost === 'its streams' ? jobNamesOf(site.wakefield.directory, pids) : [],
        strike: async () => signalAll(pids, 'SIGKILL'),
        over: async () => (twice ? undefined : await whole()),
        whole,
      };
    },
  };
}

/** SIGSTOP, and SIGCONT after a while. */
export function stopped(prey: Prey): Way {
  return {
    label: `SIGSTOP ${stillMs / 1_000} s`,
    cost: prey.stopCost ?? 'nothing',
    refuses: prey.stopRefuses ?? 'nothing',
    async aim(site) {
      const pids = await found(site, prey);
      return {
        pids,
        jobNames: [],
        strike: async () => signalAll(pids, 'SIGSTOP'),
        async over() {
          await pause(stillMs);
          signalAll(pids, 'SIGCONT');
        },
        whole: async () => undefined,
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
      over: async () => undefined,
      whole: async () => undefined,
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
      },
      whole: async () => undefined,
    };
  },
};

async function found(site: PlugSite, { pids }: Prey): Promise<readonly number[]> {
  const all = await pids(site);
  if (all.length === 0) throw new Error('who is to be hit does not run');
  return all;
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
