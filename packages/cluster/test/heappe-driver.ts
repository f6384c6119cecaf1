import { randomBytes } from 'node:crypto';
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
  const signal = AbortSignal.timeout(600_000);
  let calls: string[] = [];
  const scene: HeappeScene = {
    test,
    signal,
    ahead: 0,
    driver: createDriver(test.config({ ...pastHeappe, ...change }), {
      installation: 'trap',
      now: () => Date.now() + scene.ahead,
      onRoundTrip: (call) => calls.push(call ?? ''),
    }),
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
    async double(name, submitted) {
      const path = 'Management/CommandTemplates?ProjectId=1';
      const [template] = (await test.call('GET', path)) as readonly { readonly Id: number }[];
      const body = { JobSpecification: doubleOf(name, template?.Id ?? 0) };
      const { Id } = (await test.call('POST', 'JobManagement/CreateJob', body)) as ListedJob;
      if (submitted) await test.call('PUT', 'JobManagement/SubmitJob', { CreatedJobInfoId: Id });
      return Id;
    },
    async close() {
      await scene.driver.close();
      await test.stop();
    },
  };
  await scene.driver.activate('demo', signal);
  scene.calls();
  return scene;
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
