import { afterEach, beforeEach } from '@jest/globals';
import type { ProxySettings } from '../src/proxy.ts';
import { type ScriptedEngine, startEngine } from './engine.ts';
import { endpoint, type Harness, startHarness } from './harness.ts';

/** One proxy and one engine, new for each test. */
export interface Scene {
  readonly proxy: Harness;
  readonly engine: ScriptedEngine;
  /** The same with other settings. */
  restart(
    settings?: Partial<ProxySettings>,
    inference?: Partial<ProxySettings['inference']>,
  ): Promise<void>;
}

/** Models of the scene: `a/b` is ready on the engine, `c/d` is asleep. */
export function useScene(settings: () => Partial<ProxySettings> = () => ({})): Scene {
  let proxy: Harness | null = null;
  let engine: ScriptedEngine | null = null;
  const start = async (...given: Parameters<typeof startHarness>): Promise<void> => {
    await proxy?.stop();
    proxy = await startHarness(...given);
    wake(proxy, present(engine));
    proxy.route('c/d', {});
  };
  beforeEach(async () => {
    engine = await startEngine();
    await start(settings());
  });
  afterEach(async () => {
    await proxy?.stop();
    proxy = null;
    await engine?.close();
  });
  return {
    get proxy() {
      return present(proxy);
    },
    get engine() {
      return present(engine);
    },
    restart: (changed = {}, inference = {}) => start({ ...settings(), ...changed }, inference),
  };
}

/** The model is ready on the engine. */
export function wake(proxy: Harness, engine: ScriptedEngine, model = 'a/b'): void {
  proxy.route(model, { state: 'ready', idle: false, endpoints: [endpoint(engine.port)] });
}

function present<T>(value: T | null): T {
  if (value === null) throw new Error('the scene is not set yet');
  return value;
}
