import { afterEach, beforeEach } from '@jest/globals';
import type { ServiceRoute } from '@wakefield/domain';
import type { ProxySettings } from '../src/proxy.ts';
import { type ScriptedEngine, startEngine } from './engine.ts';
import { defaultSettings, type Harness, startHarness } from './harness.ts';
import { as, atRoot, people, serviceRoute } from './service.ts';

/** A proxy with two services on one scripted server, new for each test. */
export interface ServiceScene {
  readonly proxy: Harness;
  readonly engine: ScriptedEngine;
  /** Below its base path; for who may manage. Its jobs were `11` and `12`. */
  readonly notebook: ServiceRoute;
  /** At the root; for who may send requests. Its job is `21`. */
  readonly storage: ServiceRoute;
  /** Resolves when the proxy knows that there are these, and no others. */
  serve(...services: readonly ServiceRoute[]): Promise<void>;
  /** Another proxy in its place, which knows no service yet. */
  restart(
    inference: Partial<ProxySettings['inference']>,
    settings?: Partial<ProxySettings>,
  ): Promise<void>;
  /** Asked by who may manage `demo`, and followed nowhere. */
  ask(path: string, init?: RequestInit): Promise<Response>;
}

export function useServiceScene(): ServiceScene {
  let proxy: Harness;
  let engine: ScriptedEngine;
  let notebook: ServiceRoute;
  let storage: ServiceRoute;
  const serve = async (...services: readonly ServiceRoute[]): Promise<void> => {
    proxy.serve(...services);
    await proxy.caughtUp();
  };
  beforeEach(async () => {
    engine = await startEngine();
    // What passes here may be long, and this machine slow.
    const door = { ...defaultSettings.door, requestTimeoutMs: 60_000, stallMs: 10_000 };
    proxy = await startHarness({ door }, {}, undefined, { identifier: people });
    notebook = serviceRoute(engine.port, { clusterJobIds: ['12', '11'] });
    storage = serviceRoute(engine.port, { access: atRoot, clusterJobIds: ['21'] });
    await serve(notebook, storage);
  });
  afterEach(async () => {
    await proxy.stop();
    await engine.close();
  });
  return {
    get proxy() {
      return proxy;
    },
    get engine() {
      return engine;
    },
    get notebook() {
      return notebook;
    },
    get storage() {
      return storage;
    },
    serve,
    restart: async (inference, settings = {}) => {
      await proxy.stop();
      proxy = await startHarness(settings, inference, undefined, { identifier: people });
    },
    ask: (path, init = {}) =>
      fetch(`${proxy.url}${path}`, { redirect: 'manual', headers: as('manager-of-demo'), ...init }),
  };
}

/** Status, code and message of a refusal. */
export async function errorOf(answer: Response): Promise<readonly [number, string, string]> {
  const { error } = (await answer.json()) as { readonly error: { code: string; message: string } };
  return [answer.status, error.code, error.message];
}
