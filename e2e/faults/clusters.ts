import {
  type ClusterJob,
  type HeappeJob,
  heappeJobs,
  heappeSubmissions,
  heappeWorld,
  slurm,
  slurmJobs,
} from '../cluster-jobs.ts';
import { eventually, type Wakefield } from '../wakefield.ts';
import { heappeLedgerOf, type Ledger, ledgerOf } from './ledger.ts';
import type { JobRow, Site } from './site.ts';

type Place = Pick<Wakefield, 'directory'>;

/** A kind of cluster on which plugs are pulled: what it says itself, whatever Wakefield thinks of it. */
export interface FaultCluster {
  /** For tables. */
  readonly title: string;
  /** Flags of `npm start` that bring it up. */
  readonly flags: readonly string[];
  /** All jobs that it remembers. Rejects while it cannot be asked. */
  jobs(place: Place): Promise<readonly ClusterJob[]>;
  ledger(place: Place): Promise<Ledger>;
  /** Where each job's log is, for glob; `*` stands for what nobody knows. */
  logOf(place: Place, job: { readonly name: string }): Promise<string>;
  /** Makes a successor of the one job of a model that stays due. */
  makeSuccessorDue(site: Site, model: string, predecessor: JobRow): Promise<Due>;
}

export interface Due {
  /** Whether a controller that was killed knows nothing of it any more. */
  isForgotten(): Promise<boolean>;
}

/** What is left to a predecessor when its successor is started: it serves for all of that but a minute. */
const predecessorSeconds = 105;

export const privateSlurm: FaultCluster = {
  title: 'SLURM',
  flags: ['--slurm'],
  jobs: slurmJobs,
  ledger: ledgerOf,
  logOf: async (_, { name }) => `slurm/work/**/${name}/log`,
  async makeSuccessorDue({ wakefield }, _, { clusterJobId }) {
    const id = clusterJobId ?? '';
    const end = `EndTime=now+${predecessorSeconds}`;
    await slurm(wakefield, 'scontrol', 'update', `JobId=${id}`, end);
    return { isForgotten: () => isFarFromItsEnd(wakefield, id) };
  },
};

/** HEAppE tells nobody of an end that was moved: another way to serve the model makes its successor due. */
export const privateHeappe: FaultCluster = {
  title: 'HEAppE',
  flags: ['--heappe'],
  jobs: heappeJobs,
  // Submissions first: a job is in the world before it is submitted.
  async ledger(place) {
    const submissions = await heappeSubmissions(place);
    return heappeLedgerOf(await heappeWorld(place), submissions);
  },
  async logOf(place, { name }) {
    const isIts = ({ specification }: HeappeJob) => specification.name === name;
    const job = (await heappeWorld(place)).findLast(isIts);
    return `heappe/scratch/**/Executions/*/${job?.specificationId ?? 'none'}/*/log`;
  },
  async makeSuccessorDue(site, model) {
    await site.serveOtherwise(model);
    return { isForgotten: async () => false };
  },
};

/** By the end that SLURM itself has of it; false where it has no such job any more. */
async function isFarFromItsEnd(wakefield: Wakefield, clusterJobId: string): Promise<boolean> {
  const ask = () => slurm(wakefield, 'squeue', '--noheader', '--format', '%A %e');
  const lines = await eventually('the controller to answer', () => ask().catch(() => null));
  const end = new RegExp(`^${clusterJobId} (\\S+)`, 'm').exec(lines)?.[1] ?? '';
  return Date.parse(end) - Date.now() > 5 * predecessorSeconds * 1_000;
}
