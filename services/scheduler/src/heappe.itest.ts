import { join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import { createDriver, createEngineProber } from '@wakefield/cluster';
import type { EngineTarget, ProbeVerdict } from '@wakefield/control';
import { type Address, identityName, type JobSighting } from '@wakefield/domain';
import { loadRecipes } from '@wakefield/recipes';
import { eventually, sampleModel, sampleSpec, startTestHeappe } from '@wakefield/testkit';
import { simulatorRecipe } from '../test/process.ts';

jest.setTimeout(180_000);

const signal = AbortSignal.timeout(900_000);
const engineKey = 'k'.repeat(43);
const builtIn = join(import.meta.dirname, '../../../recipes');

const limitMs = 100_000;

/** The parts that a scheduler puts together, on one way of each kind: files by SFTP, answers in pieces, answers as they are. */
describe.each(['5.0.0', '6.1.0', '6.3.2'])('the job of every cluster, by HEAppE %s', (version) => {
  test('starts, is reached through it, drains, and leaves nothing', async () => {
    const heappe = await startTestHeappe({ version });
    const config = heappe.config({ recipes: { simulator: simulatorRecipe } });
    const driver = createDriver(config, { installation: 'whole' });
    try {
      await driver.activate('demo', signal);
      const recipes = await loadRecipes([builtIn]);
      const model = sampleModel({
        id: 'm',
        project: 'demo',
        spec: sampleSpec({ engine: 'simulator' }),
      });
      const { hfModelId, engine } = model.spec;
      const name = 'wf-whole-0000000000000001-1';
      const ref = { name, clusterJobId: null };
      const rendered = recipes.render({ model, name, engineKey, profile: driver.profile });
      const shape = { walltimeSeconds: 600, gpuCount: 1, nodes: 1, cpus: null, memory: null };
      await driver.submit({ ...rendered, ...shape, name, engine, project: 'demo' }, signal);

      const sight = async (wish: (seen: JobSighting) => boolean) =>
        await eventually(
          `a sighting: ${wish}`,
          async () => {
            const { sightings } = await driver.observe([ref], signal);
            const seen = sightings.get(name);
            return seen !== undefined && wish(seen) ? seen : null;
          },
          limitMs,
        );
      const { address } = await sight((seen) => seen.address !== null);
      expect(address).toEqual({ host: 'cn01.task-7001', port: expect.any(Number) });

      const transports = new Map([[driver.name, driver.transport]]);
      const prober = createEngineProber({ transports, probes: recipes.probes });
      const target: EngineTarget = {
        cluster: driver.name,
        address: address as Address,
        engineKey,
        engine,
        hfModelId,
        basePath: '',
        identity: identityName(name),
      };
      const verdict = await eventually<ProbeVerdict>(
        'a verdict',
        async () => {
          const said = await prober.probe(target, AbortSignal.timeout(30_000));
          return said.status === 'not_yet' ? null : said;
        },
        limitMs,
      );
      expect(verdict.status).toBe('ready');
      expect(await prober.metrics(target, signal)).not.toBeNull();

      await driver.askToEnd([ref], signal);
      const { clusterJob, exit } = await sight((seen) => seen.clusterJob?.state === 'completed');
      expect(exit).toMatchObject({ exitCode: 0, cause: 'drained' });
      expect(clusterJob?.startedAt).toEqual(expect.any(Number));
      const piece = await driver.readLog(ref, 0, 4000, signal);
      const log = Buffer.from(piece?.bytes ?? []).toString();
      expect(log).toMatch(/asked to drain/);
      expect(log).not.toContain(engineKey);
      await driver.forget([name], signal);
      expect(await driver.find(name, signal)).toBeNull();
    } finally {
      await driver.close();
      await heappe.stop();
    }
  });
});
