import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FaultKind } from './blame.ts';
import type { FaultCluster } from './clusters.ts';
import { type Footprint, footprintOf, leftBehind } from './footprint.ts';
import { allAsleep } from './places.ts';
import type { Plug } from './plugs.ts';
import { createTrial, type FaultReport, type Trial } from './run-fault.ts';
import { openSite, type Site } from './site.ts';
import { situationNames, situations } from './situations.ts';
import { tableOf } from './table.ts';

export interface Fault {
  readonly plug: Plug;
  readonly kind: FaultKind;
}

const faultMs = 300_000;
/** Two of everything that may be several. */
const startArguments = '--api 2 --scheduler 2 --proxy 2'.split(' ');

const say = (line: string) =>
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);

/**
 * One Wakefield on one cluster lives through all of these, under steady load; each meets six models at once,
 * one in each situation.
 * @param told the table, at the end
 * @param patience times as much as is promised is waited for: more than one where others use the machine, too
 */
export function describeFaults(
  cluster: FaultCluster,
  faults: readonly Fault[],
  told: (table: string) => void,
  patience = 1,
): void {
  let site: Site;
  let before: Footprint;
  let trial: Trial;
  let stop = (): Promise<void> => Promise.resolve();
  const reports: FaultReport[] = [];

  beforeAll(async () => {
    site = await openSite(cluster, startArguments);
    stop = () => site.stop();
    // Whatever is made once and kept is made now.
    await Promise.all(situations.map(({ model }) => site.load.ask(model, true)));
    await allAsleep(site);
    before = await footprintOf(site);
    trial = createTrial(site, before, say, patience);
    site.load.start();
    say(`${situations.length} models, all asleep once; ${faults.length} faults begin`);
  }, faultMs);

  afterAll(async () => {
    await stop();
    told(tableOf(reports));
  }, 120_000);

  const named = faults.map(({ plug, kind }) => ({
    name: `${plug.title}, ${plug.ways[kind]?.label}`,
    plug,
    kind,
  }));
  describe.each(named)('$name', ({ plug, kind }) => {
    let report: FaultReport;

    beforeAll(async () => {
      report = await trial.run(plug, kind);
      reports.push(report);
      say(tableOf([report]).split('\n').slice(2).join('\n').trimEnd());
    }, faultMs);

    test.each(situationNames)('%s', (name) => {
      const cell = report.cells.find(({ situation }) => situation === name);
      expect(cell?.problems).toEqual([]);
    });

    test('the management API', () => {
      expect(report.management.problems).toEqual([]);
    });

    test('one job for every intent, none forgotten, nothing left behind', () => {
      expect(report.problems).toEqual([]);
    });
  });

  test('after the last one no request fails, and at the end nothing is left behind', async () => {
    const problems = await trial.end();
    const left = await leftBehind(site, before, 'all', 60_000);
    expect([...problems, ...left]).toEqual([]);
  }, 240_000);
}
