import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../wakefield.ts';
import { judge, ownMs } from './judge.ts';
import { plugs } from './plugs.ts';
import { type Footprint, footprintOf, grown } from './remains.ts';
import { allAsleep, type FaultKind, type FaultReport, runFault } from './run-fault.ts';
import { openSite, type Site } from './site.ts';
import { situationNames, situations } from './situations.ts';
import { tableOf } from './table.ts';

/**
 * Every plug is pulled in two ways, and meets six models at once: one in each situation. One Wakefield lives
 * through all of it, under steady load. `npm run test:faults` sets these; a list is separated by commas.
 */
const {
  WAKEFIELD_TEST_FAULTS_ONLY = '',
  WAKEFIELD_TEST_FAULTS_KIND = '',
  WAKEFIELD_TEST_FAULTS_TABLE = '',
} = process.env;
const startArguments = '--api 2 --scheduler 2 --proxy 2'.split(' ');
const wanted = WAKEFIELD_TEST_FAULTS_ONLY.split(',').filter(Boolean);
const kinds = (['kill', 'stop'] satisfies FaultKind[]).filter(
  (kind) => WAKEFIELD_TEST_FAULTS_KIND === '' || kind === WAKEFIELD_TEST_FAULTS_KIND,
);
const faults = plugs
  .filter(({ name }) => wanted.length === 0 || wanted.includes(name))
  .flatMap((plug) => kinds.map((kind) => ({ name: plug.name, plug, kind })));

const say = (line: string) =>
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
const faultMs = 300_000;

let site: Site;
let stop = (): Promise<void> => Promise.resolve();
let before: Footprint;
const reports: FaultReport[] = [];

beforeAll(async () => {
  site = await openSite(startArguments);
  stop = () => site.stop();
  // Whatever is made once and kept is made now.
  await Promise.all(situations.map(({ model }) => site.load.ask(model, true)));
  await allAsleep(site);
  before = await footprintOf(site);
  site.load.start();
  say(`asleep and counted: ${JSON.stringify(before)}`);
}, faultMs);

afterAll(async () => {
  await stop();
  const table = tableOf(reports);
  process.stderr.write(`\n${table}\n`);
  if (WAKEFIELD_TEST_FAULTS_TABLE !== '') writeFileSync(WAKEFIELD_TEST_FAULTS_TABLE, table);
}, 120_000);

describe.each(faults)('$name, $kind', ({ plug, kind }) => {
  let report: FaultReport;

  beforeAll(async () => {
    report = await runFault(site, plug, kind, say);
    reports.push(report);
    say(tableOf([report]).split('\n').slice(2).join('\n'));
  }, faultMs);

  test.each(situationNames)('%s', (name) => {
    const cell = report.cells.find(({ situation }) => situation === name);
    expect(cell).toBeDefined();
    if (cell === undefined) return;
    expect(judge(cell, report).problems).toEqual([]);
    expect(ownMs(cell)).not.toBeNull();
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
