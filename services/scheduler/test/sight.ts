import type { ClusterName } from '@wakefield/domain';
import type { StoreFixture } from '@wakefield/testkit';
import type { PaperCluster } from './paper-cluster.ts';

/** What can be seen of a world, without what differs from run to run. */
export interface Sight {
  readonly model: {
    readonly state: string;
    readonly idle: boolean;
    readonly replicas: number;
    readonly registered: boolean;
  } | null;
  /** Left out where there is none. */
  readonly service?: string;
  /** What was told of it; left out where nobody is told. */
  readonly told?: readonly string[];
  readonly jobs: readonly {
    readonly seq: number;
    readonly phase: string;
    readonly outcome: string | null;
    readonly successorOf: number | null;
  }[];
  /** What the clusters took, by the name's number; on the first one where no other is named. */
  readonly cluster: readonly {
    readonly seq: number;
    readonly state: string;
    readonly on?: ClusterName;
  }[];
  readonly commands: readonly string[];
  /** Numbers of the jobs that are routed to. */
  readonly routes: readonly number[];
}

/** One statement: it is asked often. */
const sightQuery = `select
  (select json_build_object('state', state, 'idle', idle, 'replicas', replicas, 'registered', registered)
     from models) as model,
  (select state from services) as service,
  (select coalesce(json_agg(json_build_object('seq', jobs.seq, 'phase', jobs.phase, 'outcome', jobs.outcome,
     'successorOf', predecessor.seq) order by jobs.seq), '[]')
     from jobs left join jobs predecessor on predecessor.id = jobs.successor_of) as jobs,
  (select coalesce(json_agg(concat_ws(' ', body->>'kind', coalesce(outcome->>'status', 'open'))
     order by accepted_at, body->>'kind'), '[]') from commands) as commands,
  (select coalesce(json_agg(seq order by seq), '[]') from jobs left join models on models.id = model_id
     where coalesce(registered, true) and phase = 'ready' and address_host is not null) as routes`;

export async function look(
  store: StoreFixture,
  clusters: ReadonlyMap<ClusterName, PaperCluster>,
): Promise<Sight> {
  const [row] = await store.sql(sightQuery);
  const { service, ...rest } = row as unknown as Omit<Sight, 'cluster' | 'service'> & {
    readonly service: string | null;
  };
  return {
    ...rest,
    ...(service === null ? {} : { service }),
    cluster: [...clusters].flatMap(([name, cluster], index) =>
      cluster.taken.map((job) => ({
        seq: Number(job.name.split('-').at(-1)),
        state: job.forgotten ? 'forgotten' : summary(cluster.stateOf(job)),
        ...(index === 0 ? {} : { on: name }),
      })),
    ),
  };
}

/** Whether a job went when it was asked or when it was cancelled depends on where a call was lost. */
function summary(state: string): string {
  return state === 'completed' || state === 'cancelled' ? 'gone' : state;
}
