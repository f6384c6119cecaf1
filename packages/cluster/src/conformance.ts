import { afterAll, afterEach, beforeAll, describe, jest } from '@jest/globals';
import { askingTests } from './conformance/asking.ts';
import { endingTests } from './conformance/ending.ts';
import { launchingTests } from './conformance/launching.ts';
import { loggingTests } from './conformance/logging.ts';
import { observingTests } from './conformance/observing.ts';
import { reachingTests } from './conformance/reaching.ts';
import { createScene, type DriverUnderTest, type Scene } from './conformance/scene.ts';

/** What goes over a transport: any bytes, HTTP requests alone, or only those whose answers come in one piece. */
export type Carries = 'bytes' | 'requests' | 'whole answers';

/**
 * What every driver promises, tried on a real cluster of its kind on this machine: the suite reads the files of
 * jobs and looks at their processes.
 */
export function describeClusterDriver(
  name: string,
  make: () => Promise<DriverUnderTest>,
  carries: Carries = 'bytes',
): void {
  describe(`${name} is a cluster driver`, () => {
    jest.setTimeout(60_000);
    let scene: Scene;
    const current = () => scene;

    beforeAll(async () => {
      scene = createScene(await make());
    });
    // Jobs of one test must not take the places of the next one's.
    afterEach(async () => {
      const { driver, signal } = scene;
      const { sightings } = await driver.observe([], signal);
      const refs = [...sightings.keys()].map((job) => ({ name: job, clusterJobId: null }));
      await driver.cancel(refs, signal);
    });
    afterAll(async () => {
      await scene.given.close();
    });

    describe('launching', () => launchingTests(current));
    describe('observing', () => observingTests(current));
    describe('logging', () => loggingTests(current));
    describe('ending', () => endingTests(current));
    describe('asking', () => askingTests(current, carries !== 'whole answers'));
    (carries === 'bytes' ? describe : describe.skip)('reaching', () => reachingTests(current));
  });
}

export type { DriverUnderTest } from './conformance/scene.ts';
