import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClusterDriver, JobSubmission } from '@wakefield/control';
import type { JobName, JobSighting } from '@wakefield/domain';
import { pastHeappe, startTestHeappe, type TestHeappe } from '@wakefield/testkit';
import { smallJob, until } from '../src/conformance/scene.ts';
import { createDriver } from '../src/create-driver.ts';

type ServerOptions = Parameters<typeof startTestHeappe>[0];

/** A server with an active project, a driver, and calls of it that are counted. */
export interface HeappeScene {
  readonly test: TestHeappe;
  readonly driver: ClusterDriver;
  readonly signal: AbortSignal;
  /** Milliseconds that the driver's clock is ahead. */
  ahead: number;
  /** Paths of calls since they were last taken. */
  calls(): readonly string[];
  newName(): JobName;
  job(name: JobName, lines: readonly string[], change?: Partial<JobSubmission>): JobSubmission;
  sight(name: JobName): Promise<JobSighting>;
  sightUntil(name: JobName, wish: (sighting: JobSighting) => boolean): Promise<JobSighting>;
  /** As HEAppE lists them, deleted ones too. */
  listed(name?: JobName): Promise<readonly ListedJob[]>;
  /** The scheduler's ids of all that it took for jobs of that name. */
  submissions(name: JobName): Promise<readonly string[]>;
  /** The same as `driver`, in another process. The scene closes it. */
  another(): ClusterDriver;
  /** Another job of the same name, made past the driver; submitted or not. It has no files, and fails. @returns its id */
  double(name: JobName, submitted: boolean): Promise<number>;
  close(): Promise<void>;
}

export interface ListedJob {
  readonly Id: number;
  readonly Name: string;
  readonly State: number;
}

export async function openHeappeScene(
  options: ServerOptions = {},
  change: Readonly<Record<string, unknown>> = {},
): Promise<HeappeScene> {
  const test = await startTestHeappe(options);
  const drivers: ClusterDriver[] = [];
  const signal = AbortSignal.timeout(600_000);
  let calls: string[] = [];
  const scene: HeappeScene = {
    test,
    signal,
    ahead: 0,
    get driver() {
      return drivers[0] ?? scene.another();
    },
    another() {
      const driver = createDriver(test.config({ ...pastHeappe, ...change }), {
        installation: 'trap',
        now: () => Date.now() + scene.ahead,
        elapsed: () => performance.now() + scene.ahead,
        onRoundTrip: (call) => calls.push(call ?? ''),
      });
      drivers.push(driver);
      return driver;
    },
    calls() {
      const taken = calls;
      calls = [];
      return taken;
    },
    newName: () => `wf-trap-${randomBytes(8).toString('hex')}-1`,
    job: (name, lines, with_ = {}) =>
      smallJob({ name, script: ['#!/bin/bash', ...lines, ''].join('\n'), ...with_ }),
    async sight(name) {
      const { sightings } = await scene.driver.observe([{ name, clusterJobId: null }], signal);
      const sighting = sightings.get(name);
      if (sighting === undefined) throw new Error(`nothing was said about ${name}`);
      return sighting;
    },
    sightUntil: (name, wish) =>
      until(`${name} to be as wished`, async () => {
        const sighting = await scene.sight(name);
        return wish(sighting) ? sighting : null;
      }),
    async listed(name) {
      const jobs = (await test.call('GET', 'JobManagement/ListJobsForCurrentUser')) as ListedJob[];
      return name === undefined ? jobs : jobs.filter((job) => job.Name === name);
    },
    submissions: (name) => submissionsOf(test.server.dataDirectory, name),
    async double(name, submitted) {
      const path = 'Management/CommandTemplates?ProjectId=1';
      const [template] = (await test.call('GET', path)) as readonly { readonly Id: number }[];
      const body = { JobSpecification: doubleOf(name, template?.Id ?? 0) };
      const { Id } = (await test.call('POST', 'JobManagement/CreateJob', body)) as ListedJob;
      if (submitted) await test.call('PUT', 'JobManagement/SubmitJob', { CreatedJobInfoId: Id });
      return Id;
    },
    async close() {
      await Promise.all(drivers.map((driver) => driver.close()));
      await test.stop();
    },
  };
  await scene.driver.activate('demo', signal);
  scene.calls();
  return scene;
}

/** The scheduler calls a job by the id of its task's specification, which only the server's own files tell. */
async function submissionsOf(directory: string, name: JobName): Promise<readonly string[]> {
  const world = JSON.parse(await readFile(join(directory, 'database/world.json'), 'utf8')) as {
    readonly jobs: readonly {
      readonly specification: { readonly name: string };
      readonly tasks: readonly { readonly specificationId: number }[];
    }[];
  };
  const named = world.jobs.filter(({ specification }) => specification.name === name);
  const tasks = new Set(named.flatMap((job) => job.tasks.map((task) => `${task.specificationId}`)));
  const lines = (await readFile(join(directory, 'submissions.jsonl'), 'utf8')).trim().split('\n');
  return lines
    .map((line) => JSON.parse(line) as { readonly name: string; readonly id: string })
    .filter((taken) => tasks.has(taken.name))
    .map(({ id }) => id);
}

/** In HEAppE's words, as people write them by hand. */
function doubleOf(name: JobName, templateId: number) {
  return {
    Name: name,
    ProjectId: 1,
    ClusterId: 1,
    FileTransferMethodId: 21,
    Tasks: [
      {
        Name: 'by-hand',
        MinCores: 1,
        // All of the cluster: it waits while anything else runs.
        MaxCores: 16,
        WalltimeLimit: 600,
        ProgressFile: 'progress',
        LogFile: 'log',
        ClusterNodeTypeId: 11,
        CommandTemplateId: templateId,
        TaskParallelizationParameters: [],
        TemplateParameterValues: [
          { CommandParameterIdentifier: 'wakefield', ParameterValue: 'nothing' },
        ],
      },
    ],
  };
}
