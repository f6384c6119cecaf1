import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { migrate } from '../../packages/store/src/index.ts';
import { startChild } from '../child/start-child.ts';
import type { RecordedCluster } from './cluster.ts';
import type { Cycle, Steady } from './processes/scheduler.ts';
import { clusterName, seed } from './seed.ts';

/** What one number of models costs. */
export interface SizeReport {
  readonly models: number;
  readonly jobs: number;
  readonly cycles: readonly Cycle[];
  readonly steady: Steady;
  readonly residentBytes: number;
}

export interface Place {
  readonly root: string;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly cluster: RecordedCluster;
}

export interface MeasureOptions {
  /** Looks at the cluster. */
  readonly cycles: number;
  /** How long the queues are watched. */
  readonly seconds: number;
  /** Folder for CPU profiles; null: none are taken. */
  readonly profile: string | null;
}

/** In a database of its own. */
export async function measureSize(
  { root, databaseUrl, redisUrl, cluster }: Place,
  models: number,
  { cycles, seconds, profile }: MeasureOptions,
): Promise<SizeReport> {
  const url = await freshDatabase(databaseUrl, `bench_${models}`);
  const clustersFile = join(root, 'clusters.yaml');
  await writeFile(clustersFile, JSON.stringify({ clusters: { [clusterName]: cluster.entry } }));
  const engines = await startChild(new URL('processes/engines.ts', import.meta.url), [], null);
  const jobs = await fill(url, models, await engines.ask<number>({ kind: 'port' }));
  await cluster.record(jobs);
  const file = new URL('processes/scheduler.ts', import.meta.url);
  const scheduler = await startChild(
    file,
    [url, redisUrl, clustersFile],
    null,
    profile === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`],
  );
  try {
    const measured: Cycle[] = [];
    // The first ones log in and compile.
    for (let warm = 0; warm < 3; warm += 1) await scheduler.ask<Cycle>({ kind: 'cycle' });
    for (let count = 0; count < cycles; count += 1)
      measured.push(await scheduler.ask<Cycle>({ kind: 'cycle' }));
    const steady = await scheduler.ask<Steady>({ kind: 'steady', seconds });
    const residentBytes = await scheduler.residentBytes();
    return { models, jobs: jobs.length, cycles: measured, steady, residentBytes };
  } finally {
    await scheduler.stop();
    await engines.stop();
  }
}

async function freshDatabase(adminUrl: string, name: string): Promise<string> {
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  await admin.query(`create database ${name}`);
  await admin.end();
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  await migrate(url.href);
  return url.href;
}

async function fill(url: string, models: number, port: number) {
  const sql = new pg.Client({ connectionString: url });
  await sql.connect();
  const jobs = await seed(sql, models, [port]);
  await sql.end();
  return jobs;
}
