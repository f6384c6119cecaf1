import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../wakefield.ts';
import { judge, ownMs } from './judge.ts';
import type { Plug } from './plugs.ts';
import { type Footprint, footprintOf, grown } from './remains.ts';
import { allAsleep, type FaultReport, runFault } from './run-fault.ts';
import { openSite, type Site } from './site.ts';
import { situationNames, situations } from './situations.ts';
import type { FaultKind } from './strike.ts';
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
 * One Wakefield on a private SLURM lives through all of these, under steady load; each meets six models at once,
 * one in each situation.
 * @param told with the table at the end
 */
export function describeFaults(faults: readonly Fault[], told: (table: string) => void): void {
  let site: Site;
  let before: Footprint;
  let stop = (): Promise<void> => Promise.resolve();
  const reports: FaultReport[] = [];

  beforeAll(async () => {
    site = await openSite(startArguments);
    stop = () => site.stop();
    // Whatever is made once and kept is made now.
    await Promise.all(situations.map(({ model }) => site.load.ask(model, true)));
    await allAsleep(site);
    before = await footprintOf(site);
    site.load.start();
    say(`${situations.length} models, all asleep once; ${faults.length} faults begin`);
  }, faultMs);

  afterAll(async () => {
    await stop();
    told(tableOf(reports));
  }, 120_000);

  const named = faults.map(({ plug, kind }) => ({ name: plug.name, plug, kind }));
  describe.each(named)('$name, $kind', ({ plug, kind }) => {
    let report: FaultReport;

    beforeAll(async () => {
      report = await runFault(site, plug, kind, say);
      reports.push(report);
      say(tableOf([report]).split('\n').slice(2).join('\n').trimEnd());
    }, faultMs);

    test.each(situationNames)('%s', (name) => {
      const cell = report.cells.find(({ situation }) => situation === name);
      expect(cell && judge(cell, report).problems).toEqual([]);
      expect(cell && ownMs(cell)).not.toBeNull();
    });

    test('one job for every intent, and none forgotten', () => {
      expect(report.books).toEqual({ surplus: [], forgotten: [], orphans: [], strayEngines: [] });
    });
  });

  test('at the end nothing is left behind', async () => {
    await site.load.stop();
    await allAsleep(site);
    let left: readonly string[] = [];
    await eventually(
      'nothing to be left',
      async () => {
        left = grown(before, await footprintOf(site));
        return left.length === 0;
      },
      60_000,
    ).catch(() => undefined);
    expect(left).toEqual([]);
  }, 240_000);
}
