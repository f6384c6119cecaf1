import { heappeServedNames, startTestHeappeEngines } from '../../packages/testkit/src/index.ts';
import { serveQuestions } from '../child/serve-questions.ts';
import type { Site } from './targets.ts';

/**
 * A HEAppE for tests with one engine in a job, as a process of its own: `site.ts <version>`. The engine has a pace, so
 * that each token comes by itself.
 */
const [version = ''] = process.argv.slice(2);
const site = await startTestHeappeEngines(1, ['--tokens-per-second', '500']);
await site.become(version);
const [engine] = site.engines;
const [model = ''] = heappeServedNames;

serveQuestions(async ({ kind }): Promise<Site | null> => {
  if (kind === 'stop') {
    await site.stop();
    return null;
  }
  return {
    config: site.heappe.config({ version }),
    address: engine?.address ?? { host: '', port: 0 },
    model,
  };
});
