import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { launch } from './launch-local.ts';
import { type LocalJob, readRecords, sight, writeRecord } from './local-records.ts';
import { signal } from './process-table.ts';
import { type BatchJob, type ScheduledJob, type Scheduler, SchedulerRefusal } from './scheduler.ts';
import type { SchedulerSettings } from './settings.ts';
import { superviseScript } from './supervise-script.ts';

type Settings = Extract<SchedulerSettings, { kind: 'processes' }>;

/** How often a waiting job is looked at again. */
const cycleMs = 100;

/**
 * A cluster made of this machine's processes: first come, first served on nodes that are names. Jobs are real: their
 * own sessions and process groups, their walltime enforced, TERM and KILL as slurmd sends them.
 */
export function createLocalScheduler(root: string, settings: Settings): Scheduler {
  mkdirSync(root, { recursive: true });
  const supervisor = join(root, 'supervise');
  writeFileSync(supervisor, superviseScript);
  const records = new Map(readRecords(root).map((record) => [record.id, record]));
  let lastId = Math.max(400_000, ...[...records.keys()].map(Number));
  const place = (id: string) => join(root, id);

  const over = new Map<string, ScheduledJob>();
  /** How a job ended is read once. */
  const sightOf = (record: LocalJob, pendingReason: string | null = null) => {
    const known = over.get(record.id);
    if (known !== undefined) return known;
    const seen = sight(place(record.id), record, Date.now(), pendingReason);
    if (seen.endTime !== null) over.set(record.id, seen);
    return seen;
  };
  const isRunning = (record: LocalJob) => sightOf(record).state === 'RUNNING';

  const waiting = () =>
    [...records.values()].filter(
      ({ launched, cancelled }) => launched === null && cancelled === null,
    );

  const freeGpus = () => {
    const free = new Map(settings.nodes.map(({ name, gpus }) => [name, gpus]));
    for (const record of records.values()) {
      if (record.launched === null || !isRunning(record)) continue;
      const { nodes } = record.launched;
      for (const node of nodes) {
        free.set(node, (free.get(node) ?? 0) - record.job.gpus / nodes.length);
      }
    }
    return free;
  };

  const startWaiting = () => {
    if (waiting().length === 0) return;
    const free = freeGpus();
    for (const record of records.values()) {
      if (record.launched !== null || record.cancelled !== null) continue;
      const nodes = room(free, record.job);
      if (nodes === null) return;
      for (const node of nodes) {
        free.set(node, (free.get(node) ?? 0) - record.job.gpus / nodes.length);
      }
      launch(place(record.id), record, nodes, supervisor, settings.killWaitSeconds);
    }
  };
  const timer = setInterval(startWaiting, cycleMs);
  timer.unref();

  const pendingReason = (id: string) => (waiting()[0]?.id === id ? 'Resources' : 'Priority');
  const look = (id: string) => {
    const record = records.get(id);
    return record === undefined ? null : sightOf(record, pendingReason(id));
  };

  const cancel = (id: string) => {
    const record = records.get(id);
    if (record === undefined) return;
    if (record.launched === null) {
      record.cancelled ??= Date.now();
      writeRecord(place(id), record);
    } else {
      signal(record.launched.pid, record.launched.birth, 'SIGTERM');
    }
  };

  return {
    async submit(job) {
      checkWrap(job);
      checkSize(job, settings);
      lastId += 1;
      const record: LocalJob = {
        id: String(lastId),
        job,
        submitted: Date.now(),
        cancelled: null,
        launched: null,
      };
      writeRecord(place(record.id), record);
      records.set(record.id, record);
      startWaiting();
      return record.id;
    },
    async look(ids) {
      const found = ids.map(look).filter((job) => job !== null);
      return new Map(found.map((job) => [job.id, job]));
    },
    async cancel(id) {
      cancel(id);
    },
    async predict(request) {
      const free = room(freeGpus(), { gpus: 0, nodes: request.nodes });
      const busy = [...records.values()].flatMap(({ launched, job }) =>
        launched === null ? [] : [launched.at + job.walltimeSeconds * 1000],
      );
      const startTime = waiting().length === 0 && free !== null ? Date.now() : Math.min(...busy);
      const node = settings.nodes[0]?.name ?? '';
      return {
        jobId: lastId + 1,
        startTime: localTime(Number.isFinite(startTime) ? startTime : Date.now()),
        processors: request.nodes * request.tasksPerNode,
        node,
        partition: request.queue,
        message: '',
      };
    },
    async addressOf(node) {
      return settings.nodes.some(({ name }) => name === node) ? '127.0.0.1' : null;
    },
    async purge(id) {
      records.delete(id);
      over.delete(id);
      // Whoever supervised it may be writing its last lines.
      rmSync(place(id), { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
    },
    async close({ endJobs }) {
      clearInterval(timer);
      if (!endJobs) return;
      for (const id of records.keys()) cancel(id);
      const deadline = Date.now() + (settings.killWaitSeconds + 5) * 1000;
      const alive = () => [...records.values()].some((one) => isRunning(one));
      while (alive() && Date.now() < deadline) await sleep(20);
    },
  };
}

/** As SLURM writes times: those of the machine's own zone. */
function localTime(at: number): string {
  const offsetMs = new Date(at).getTimezoneOffset() * 60_000;
  return new Date(at - offsetMs).toISOString().slice(0, 19);
}

/** In the line for the shell it stands between single quotes, and nothing escapes one in it. */
function checkWrap({ wrap }: BatchJob): void {
  if (wrap.includes("'")) {
    throw new SchedulerRefusal('sbatch: error: Script arguments not permitted with --wrap option');
  }
}

function checkSize(job: BatchJob, { nodes }: Settings): void {
  const most = Math.max(0, ...nodes.map(({ gpus }) => gpus));
  if (job.nodes > nodes.length || job.gpus > most * job.nodes) {
    throw new SchedulerRefusal(
      'sbatch: error: Batch job submission failed: Requested node configuration is not available',
    );
  }
}

/** Nodes with room for it, each for its share; null when there is none. */
function room(
  free: ReadonlyMap<string, number>,
  { gpus, nodes }: Pick<BatchJob, 'gpus' | 'nodes'>,
): readonly string[] | null {
  const share = gpus / nodes;
  const fit = [...free].filter(([, count]) => count >= share).map(([name]) => name);
  return fit.length < nodes ? null : fit.slice(0, nodes);
}
