import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ClusterDriver, JobSubmission } from '@wakefield/control';
import { type JobName, type JobSighting, jobNamePrefix } from '@wakefield/domain';

/** A driver and what the suite has to know of its cluster. */
export interface DriverUnderTest {
  readonly driver: ClusterDriver;
  /** What the driver was made with. */
  readonly installation: string;
  /** Exchanges with the cluster so far. */
  roundTrips(): number;
  /** A project whose jobs it takes. */
  readonly project: string;
  /** What makes a submission one that it refuses, and a word of its refusal. */
  readonly refusal: { readonly change: Partial<JobSubmission>; readonly words: RegExp };
  readonly walltime: {
    readonly seconds: number;
    /** When the job is over at the latest. */
    readonly overWithinMs: number;
    /** What an administrator does when nobody wants to wait so long: moves the end of the job's time. */
    readonly hurry?: (clusterJobId: string) => Promise<unknown>;
  };
  /** Where the files of a submitted job are, where the profile names no parent of them: jobs begin there. */
  readonly directory?: (name: JobName) => string;
  /** Secret files are for the user alone once the job runs; until then it is their directory that keeps them. */
  readonly closesSecretsLate?: boolean;
  /** Host of an address, where the cluster knows better than the job. Absent: as the job says. */
  readonly host?: RegExp;
  /** Absent: it says when a job would start. */
  readonly forecasts?: boolean;
  /** Bytes that its transport takes of a request. Absent: any number. */
  readonly longestRequest?: number;
  close(): Promise<void>;
}

export interface Scene {
  readonly given: DriverUnderTest;
  readonly driver: ClusterDriver;
  readonly signal: AbortSignal;
  /** A name of this installation that nobody has used. */
  newName(): JobName;
  /** A job that runs these lines of bash in its own directory. */
  job(name: JobName, lines: readonly string[], change?: Partial<JobSubmission>): JobSubmission;
  directory(name: JobName): string;
  /** A file of the job's directory; null while it is not there, empty for a moment after it was made. */
  file(name: JobName, file: string): Promise<string | null>;
  sight(name: JobName): Promise<JobSighting>;
  /** Looks until the sighting is as wished. */
  sightUntil(name: JobName, wish: (sighting: JobSighting) => boolean): Promise<JobSighting>;
}

export function createScene(given: DriverUnderTest): Scene {
  const { driver } = given;
  const signal = AbortSignal.timeout(600_000);
  const { jobsDirectory } = driver.profile;
  const named = (name: JobName) => `${jobsDirectory}/${name}`;
  const directory = given.directory ?? named;
  const begin = (name: JobName) =>
    jobsDirectory === null ? [] : [`cd ${quote(named(name))} || exit 9`];

  const sight = async (name: JobName): Promise<JobSighting> => {
    const { sightings } = await driver.observe([{ name, clusterJobId: null }], signal);
    const sighting = sightings.get(name);
    if (sighting === undefined) throw new Error(`nothing was said about ${name}`);
    return sighting;
  };

  return {
    given,
    driver,
    signal,
    newName: () => `${jobNamePrefix(given.installation)}${randomBytes(8).toString('hex')}-1`,
    job: (name, lines, change = {}) =>
      smallJob({
        name,
        project: given.project,
        script: ['#!/bin/bash', ...begin(name), ...lines, ''].join('\n'),
        ...change,
      }),
    directory,
    file: (name, file) => readFile(join(directory(name), file), 'utf8').catch(() => null),
    sight,
    sightUntil(name, wish) {
      let last: JobSighting | null = null;
      return until(
        () => `${name} to be as wished; last seen ${JSON.stringify(last)}`,
        async () => {
          last = await sight(name);
          return wish(last) ? last : null;
        },
      );
    },
  };
}

/** A job of ten minutes on one GPU. */
export function smallJob(
  given: Partial<JobSubmission> & Pick<JobSubmission, 'name' | 'script'>,
): JobSubmission {
  return {
    project: 'demo',
    engine: 'simulator',
    secretFiles: {},
    walltimeSeconds: 600,
    gpuCount: 1,
    nodes: 1,
    cpus: null,
    memory: null,
    ...given,
  };
}

/** Asks again until there is an answer. */
export async function until<T>(
  what: string | (() => string),
  ask: () => Promise<T | null>,
  withinMs = 30_000,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (Date.now() > deadline)
      throw new Error(
        `waited ${withinMs} ms in vain for ${typeof what === 'string' ? what : what()}`,
      );
    await pause(100);
  }
}

/** One word of bash, whatever is in it. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Whether a process of this machine is there and not just waiting to be reaped. */
export async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  return stat !== '' && !stat.slice(stat.lastIndexOf(')')).startsWith(') Z');
}

/** Lines of a script of Node's: `server` listens on a port that jobs may answer on, and the job says so. */
export const listenAndTell = `
const { writeFileSync } = require('node:fs');
const listen = () => server.listen(20_000 + Math.floor(10_000 * Math.random()), '127.0.0.1');
server.on('error', listen).once('listening', () => {
  const { port } = server.address();
  writeFileSync('endpoint.json', JSON.stringify({ host: '127.0.0.1', port, pid: process.pid, at: Date.now() }));
});
listen();`;
