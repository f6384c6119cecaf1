import { expect } from '@jest/globals';
import { sampleServiceSpec } from '@wakefield/testkit';
import { job, type Scenario } from './scenario.ts';
import type { World } from './world.ts';

const day = 86_400_000;
const own = /^(driver|jobs\.(intend|patch|advance)|commands\.|services\.|nudges\.service)/;

/** A project, and nothing in it. */
async function activate(world: World): Promise<void> {
  await world.wish({ kind: 'activate', cluster: null });
  await world.round();
}

async function start(
  world: World,
  over: Parameters<typeof sampleServiceSpec>[0] = {},
): Promise<void> {
  await world.wish({ kind: 'startService', spec: sampleServiceSpec(over) });
  await world.until(({ service }) => service === 'running');
}

const stop = async (world: World) =>
  world.wish({ kind: 'stopService', serviceId: await world.serviceId() });
const tenMinutes = { ...sampleServiceSpec().resources, walltimeMinutes: 10 };

const started = ['activate applied', 'startService applied'];
const stopped = [...started, 'stopService applied'];

/** What becomes of a service: one job per wish, and one after the other where it is kept. */
export const ofServices: readonly Scenario[] = [
  {
    name: 'a service is started',
    topic: 'services',
    own,
    setUp: activate,
    play: start,
    end: {
      model: null,
      service: 'running',
      jobs: [job(1, 'ready')],
      cluster: [{ seq: 1, state: 'running' }],
      commands: started,
      routes: [1],
    },
  },
  {
    name: 'a service is stopped',
    topic: 'services',
    own,
    setUp: async (world) => {
      await activate(world);
      await start(world);
    },
    play: async (world) => {
      await stop(world);
      await world.until(({ service }) => service === 'stopped');
    },
    end: {
      model: null,
      service: 'stopped',
      jobs: [job(1, 'ended', 'as_asked')],
      cluster: [{ seq: 1, state: 'gone' }],
      commands: stopped,
      routes: [],
    },
  },
  {
    name: 'a service whose walltime is over is not started again',
    topic: 'services',
    own: /^jobs\.|^services\.savePlan/,
    setUp: async (world) => {
      await activate(world);
      await start(world, { resources: tenMinutes });
    },
    play: (world) => world.until(({ service }) => service === 'completed', 30, 60_000),
    end: {
      model: null,
      service: 'completed',
      jobs: [job(1, 'ended', 'timeout')],
      cluster: [{ seq: 1, state: 'timeout' }],
      commands: started,
      routes: [],
    },
  },
  {
    name: 'a service that is kept has a successor before its walltime is over',
    topic: 'services',
    own,
    setUp: async (world) => {
      await activate(world);
      await start(world, { resources: tenMinutes, keep: true });
    },
    play: async (world) => {
      await world.until(({ jobs }) => jobs.length === 2, 30, 30_000);
      await world.until(({ jobs }) => jobs[0]?.phase === 'ended' && jobs[1]?.phase === 'ready');
      await world.until(({ service }) => service === 'running');
    },
    end: {
      model: null,
      service: 'running',
      jobs: [job(1, 'ended', 'as_asked'), job(2, 'ready', null, 1)],
      cluster: [
        { seq: 1, state: 'gone' },
        { seq: 2, state: 'running' },
      ],
      commands: started,
      routes: [2],
    },
  },
  {
    name: 'what becomes of a service is told, in time and at least once',
    topic: 'services',
    own: /^(webhook|notices|services\.savePlan|nudges\.notices)/,
    listens: true,
    setUp: activate,
    play: async (world) => {
      await start(world, { resources: tenMinutes });
      await world.until(({ told = [] }) => told.includes('1 running'));
      await world.until(({ told = [] }) => told.includes('1 ending'), 30, 30_000);
      expect((await world.look()).service).toBe('running');
      await world.until(({ told = [] }) => told.includes('1 completed'), 30, 30_000);
    },
    end: {
      model: null,
      service: 'completed',
      told: ['1 running', '1 ending', '1 completed'],
      jobs: [job(1, 'ended', 'timeout')],
      cluster: [{ seq: 1, state: 'timeout' }],
      commands: started,
      routes: [],
    },
  },
  {
    name: 'everything of a stopped service goes in its time, directories first',
    topic: 'services',
    own: /^driver|purge/,
    setUp: async (world) => {
      await activate(world);
      await start(world);
      await stop(world);
      await world.until(({ service }) => service === 'stopped');
      await world.round(31 * day);
    },
    play: async (world) => {
      for (let rounds = 0; rounds < 10 && (await world.look()).jobs.length > 0; rounds += 1) {
        await world.tidyAgain();
        await world.round();
      }
      await world.until(({ service, commands }) => service === undefined && commands.length === 0);
    },
    end: {
      model: null,
      jobs: [],
      cluster: [{ seq: 1, state: 'forgotten' }],
      commands: [],
      routes: [],
    },
  },
];
