import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { nastyTrace, nastyValues } from '@wakefield/testkit';
import { useWorkshop } from '../test/use-workshop.ts';

const workshop = useWorkshop();

describe('whatever the values are', () => {
  test.each(nastyValues)('%j reaches the engine unchanged', async (text) => {
    const show =
      'import json,os,sys; print(json.dumps([sys.argv[1:], os.environ["GIVEN"], os.getcwd()]))';
    const catalog = workshop.catalogOf(
      ['python3', '-c', show, 'id={hf_model_id}', 'fixed={X}', '{engine_args}', 'p{port}p'],
      {
        environment: { GIVEN: 'value={hf_model_id}' },
        parameters: {
          text: { type: 'string', description: 'd', flag: '--text', pattern: '[^]*' },
        },
      },
    );
    const folder = join(workshop.root, `jobs ${text.replaceAll('/', '-')}`);
    const job = await workshop.start(
      {
        hfModelId: `x${text}`,
        engineArgs: { text },
        profile: { jobsDirectory: folder, environment: { simulator: { OTHER: text } } },
      },
      catalog,
    );
    expect(await job.ended()).toBe(0);
    const shown = /^\[.*\]$/m.exec(await job.read('log'))?.[0] ?? '';
    const [argv, given, cwd] = JSON.parse(shown) as [string[], string, string];
    expect(argv.slice(0, 3)).toEqual([`id=x${text}`, 'fixed={X}', `--text=${text}`]);
    expect(argv[3]).toMatch(/^p\d+p$/);
    expect(given).toBe(`value=x${text}`);
    expect(cwd).toBe(job.directory);
    expect(job.script).not.toMatch(/\r/);
    expect(job.script.split('\n').filter((line) => line.startsWith('#SBATCH'))).toEqual([]);
    expect(await readFile(nastyTrace, 'utf8').catch(() => null)).toBeNull();
  });
});
