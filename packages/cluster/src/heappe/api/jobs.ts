import { z } from 'zod';
import type { Wire } from '../wire.ts';
import { type JobInfo, jobInfo } from './wire-types.ts';

const dryRun = z.object({
  StartTime: z.string().nullish(),
  Message: z.string().nullish(),
});

/** Jobs of our user (JobManagementController.cs), role Submitter. Neither `create` nor `submit` may be repeated blindly. */
export interface JobApi {
  /** All in one, there are no pages. Without states also deleted ones, for ever. */
  list(states: readonly number[], signal: AbortSignal): Promise<readonly JobInfo[]>;
  /** @throws HeappeError refused, when there is none */
  get(jobId: number, signal: AbortSignal): Promise<JobInfo>;
  create(specification: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<JobInfo>;
  submit(jobId: number, signal: AbortSignal): Promise<JobInfo>;
  cancel(jobId: number, signal: AbortSignal): Promise<void>;
  /** With its directory. It stays listed, as deleted. */
  remove(jobId: number, signal: AbortSignal): Promise<void>;
  /** When it would start: `StartTime` as HEAppE has it from `sbatch --test-only`. */
  dryRun(
    request: {
      readonly ProjectId: number;
      readonly ClusterNodeTypeId: number;
      readonly Nodes: number;
      readonly TasksPerNode: number;
      readonly WallTimeInMinutes: number;
    },
    signal: AbortSignal,
  ): Promise<z.output<typeof dryRun>>;
}

export function createJobApi(wire: Wire): JobApi {
  const slow = wire.timeouts.submit;
  return {
    async list(states, signal) {
      const query = states.length === 0 ? {} : { JobStates: states.join(',') };
      const path = 'JobManagement/ListJobsForCurrentUser';
      return await wire.json({ method: 'GET', path, query }, z.array(jobInfo), signal);
    },
    async get(jobId, signal) {
      const query = { SubmittedJobInfoId: jobId };
      const path = 'JobManagement/CurrentInfoForJob';
      return await wire.json({ method: 'GET', path, query }, jobInfo, signal);
    },
    async create(specification, signal) {
      const body = { JobSpecification: specification };
      const path = 'JobManagement/CreateJob';
      return await wire.json({ method: 'POST', path, body, timeoutMs: slow }, jobInfo, signal);
    },
    async submit(jobId, signal) {
      const path = 'JobManagement/SubmitJob';
      const body = { CreatedJobInfoId: jobId };
      return await wire.json({ method: 'PUT', path, body, timeoutMs: slow }, jobInfo, signal);
    },
    async cancel(jobId, signal) {
      const path = 'JobManagement/CancelJob';
      await wire.json(
        { method: 'PUT', path, body: { SubmittedJobInfoId: jobId } },
        z.unknown(),
        signal,
      );
    },
    async remove(jobId, signal) {
      const path = 'JobManagement/DeleteJob';
      const body = { SubmittedJobInfoId: jobId, ArchiveLogs: false };
      await wire.json({ method: 'DELETE', path, body }, z.unknown(), signal);
    },
    async dryRun(request, signal) {
      const path = 'JobManagement/DryRunJob';
      return await wire.json({ method: 'POST', path, body: { ...request } }, dryRun, signal);
    },
  };
}
