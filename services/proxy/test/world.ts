import { randomUUID } from 'node:crypto';
import type { ProxyDemand, RouteStore } from '@wakefield/control';
import {
  defaultRouting,
  type Endpoint,
  noLimits,
  noTimeouts,
  type Principal,
  type Route,
  type RouteTable,
  type ServiceRoute,
  type UsageRecord,
} from '@wakefield/domain';
import type { Begun } from '../src/metering/lines.ts';
import type { ProxyPorts } from '../src/proxy.ts';
import { createMemoryLimitBoard } from './limit-board.ts';

/** The world around a proxy, in memory and in the hands of a test or a benchmark. Its first project is `demo`. */
export interface World {
  readonly ports: ProxyPorts;
  /** `<project>/<model>` of every wake that was asked for. */
  readonly wakes: readonly string[];
  /** Whose requests these were, in the same order. */
  readonly wokenBy: readonly (string | null)[];
  forgetWakes(): void;
  /** Requests that went to an engine, and records of those that are over. */
  readonly usage: { readonly begun: Begun[]; readonly ended: UsageRecord[] };
  /** What the proxy published last. */
  demand(): ProxyDemand | null;
  withdrawn(): boolean;
  /** Changes the table; by nudge, as the scheduler would. */
  route(hfModelId: string, change: Partial<Route>): void;
  unroute(hfModelId: string): void;
  /** Of the table as it is now. */
  revision(): number;
  /** These jobs get no new requests, but finish those they have. What is neither routed to nor named here has ended. */
  finishing(...jobIds: readonly string[]): void;
  addProject(name: string): void;
  /** All of them, newest first. Jobs of theirs that answer serve. */
  serve(...services: readonly ServiceRoute[]): void;
  /** Looks at the routes get no answer until `goOn`. */
  pauseRoutes(): { readonly waiting: () => number; goOn(): void };
  /** The stores answer nothing but errors. */
  breakStores(broken: boolean): void;
}

const everybody: Principal = {
  kind: 'static',
  id: 'test',
  grants: [{ project: '*', role: 'admin' }],
};

/**
 * @param key what callers have to send as bearer token
 * @param transportOf absent: straight TCP
 */
export function createWorld(
  key: string,
  transportOf: ProxyPorts['transportOf'] = () => null,
): World {
  const routes = new Map<string, Route>();
  const wakes: string[] = [];
  const wokenBy: (string | null)[] = [];
  let revision = 1;
  let broken = false;
  let demand: ProxyDemand | null = null;
  let withdrawn = false;
  let finishing: readonly string[] = [];
  const projects = ['demo'];
  let services: readonly ServiceRoute[] = [];
  const usage: World['usage'] = { begun: [], ended: [] };
  let pause: Promise<void> | null = null;
  let waiting = 0;
  let nudge = (_revision: number): void => undefined;
  const guard = async <T>(value: T): Promise<T> => {
    if (broken) throw new Error('the store is away');
    return value;
  };
  const pauseOver = async (): Promise<void> => {
    waiting += 1;
    await pause;
    waiting -= 1;
  };
  const changed = (): void => {
    revision += 1;
    nudge(revision);
  };
  const store: RouteStore = {
    revision: async () => {
      await pauseOver();
      return await guard(revision);
    },
    load: async () => {
      await pauseOver();
      const all = [...routes.values()];
      const routed = all.flatMap(({ endpoints }) => endpoints.map(({ jobId }) => jobId));
      const served = services.flatMap(({ endpoint: at }) => (at === null ? [] : [at.jobId]));
      const serving = [...routed, ...served, ...finishing];
      return guard<RouteTable>({ revision, projects, routes: all, services, serving });
    },
  };
  return {
    ports: {
      routes: store,
      bus: {
        subscribe: async (listener) => {
          nudge = listener;
          return async () => undefined;
        },
      },
      board: {
        publish: async (_id, next) => {
          demand = await guard(next);
        },
        withdraw: async () => {
          withdrawn = true;
        },
        readMany: async () => null,
      },
      limitBoard: createMemoryLimitBoard(() => performance.now()),
      placements: { publish: async () => undefined, subscribe: async () => async () => undefined },
      waker: {
        wake: async ({ project, hfModelId, caller }) => {
          wokenBy.push(caller);
          wakes.push(`${project}/${hfModelId}`);
          await guard(null);
        },
      },
      usage: {
        begun: (begun) => {
          usage.begun.push(begun);
          return { line: '', rosterIndex: -1 };
        },
        ended: (record) => usage.ended.push(record),
      },
      browsers: null,
      visits: null,
      identifier: {
        identify: (authorization) => (authorization === `Bearer ${key}` ? everybody : null),
      },
      transportOf,
    },
    wakes,
    wokenBy,
    usage,
    forgetWakes: () => {
      wokenBy.length = 0;
      wakes.length = 0;
    },
    demand: () => demand,
    withdrawn: () => withdrawn,
    route: (hfModelId, change) => {
      routes.set(hfModelId, { ...(routes.get(hfModelId) ?? asleep(hfModelId)), ...change });
      changed();
    },
    revision: () => revision,
    unroute: (hfModelId) => {
      routes.delete(hfModelId);
      changed();
    },
    finishing: (...jobIds) => {
      finishing = jobIds;
      changed();
    },
    addProject: (name) => {
      projects.push(name);
      changed();
    },
    serve: (...next) => {
      services = next;
      changed();
    },
    pauseRoutes: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      pause = promise;
      return { waiting: () => waiting, goOn: resolve };
    },
    breakStores: (next) => {
      broken = next;
    },
  };
}

/** An engine that listens on this machine. */
export function endpoint(port: number, jobId: string = randomUUID()): Endpoint {
  return {
    jobId,
    cluster: 'local',
    address: { host: '127.0.0.1', port },
    engineKey: `key-of-${jobId}`,
    capacity: null,
    weight: 1,
    servesUntil: null,
  };
}

/** A model that sleeps. */
export function asleep(hfModelId: string): Route {
  return {
    modelId: randomUUID(),
    project: 'demo',
    hfModelId,
    engine: 'vllm',
    state: 'not_loaded',
    idle: true,
    reason: null,
    expectedReady: null,
    routing: defaultRouting,
    createdAt: 1_700_000_000_123,
    timeouts: noTimeouts,
    limits: noLimits,
    endpoints: [],
  };
}
