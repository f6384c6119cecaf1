import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { RecipeCatalog } from '@wakefield/control';
import { pastHeappe, startTestHeappe, type TestHeappe } from '@wakefield/testkit';
import { createDriver } from '../create-driver.ts';
import { check } from './check.ts';
import { renderForReading } from './render.ts';

jest.setTimeout(60_000);

const recipes: RecipeCatalog = {
  names: () => ['vllm'],
  has: () => true,
  checkArguments: () => null,
  checkShape: () => null,
  capacity: () => null,
  render: () => ({ script: 'echo engine', secretFiles: { key: 'secret' } }),
  renderService: () => {
    throw new Error('it starts no services');
  },
};

describe('npm run cluster -- check, of a HEAppE', () => {
  let heappe: TestHeappe;
  beforeAll(async () => {
    heappe = await startTestHeappe();
  });
  afterAll(() => heappe.stop());

  async function run(
    change: Readonly<Record<string, unknown>> = {},
    options: { readonly projects?: readonly string[]; readonly submit?: boolean } = {},
    at: TestHeappe = heappe,
  ) {
    const lines: string[] = [];
    const terminal = { print: (line: string) => lines.push(line), confirm: async () => null };
    const { projects = ['demo'], submit = false } = options;
    const shared = { recipes, installation: 'check', waitMs: 20_000 };
    const code = await check(at.config({ ...pastHeappe, ...change }), terminal, {
      ...shared,
      projects,
      submit,
    });
    return { code, text: lines.join('\n') };
  }

  test('says of a project that is not active what to do, and makes nothing', async () => {
    const { code, text } = await run();
    expect(code).toBe(1);
    expect(text).toMatch(/✔ health +instance wakefield-test/);
    expect(text).toMatch(/✔ sign-in +with user and password/);
    expect(text).toMatch(/✔ version +6\.3\.2, taken for 6\.3\.0/);
    expect(text).toMatch(/✔ files +over HEAppE/);
    expect(text).toMatch(/✔ demo: project +demo is project 1; our roles: Manager/);
    expect(text).toMatch(
      /✘ demo: template wakefield it is not there\n +→ activate the project: POST \/p/,
    );
    expect(await heappe.call('GET', 'Management/CommandTemplates?ProjectId=1')).toEqual([]);
  });

  test('finds nothing wrong with an active one, and runs a job there when told to', async () => {
    const driver = createDriver(heappe.config(), { installation: 'check' });
    await driver.activate('demo', AbortSignal.timeout(30_000));
    await driver.close();
    const tried = await run();
    expect(tried.code).toBe(0);
    expect(tried.text).toMatch(/✔ demo: listed +jobs find wakefield/);
    expect(tried.text).toMatch(/usable as far as it shows without a job/);
    const { code, text } = await run({}, { submit: true });
    expect([code, text]).toEqual([
      0,
      expect.stringMatching(/✔ job ran +on .+\nheappe-test is usable\./),
    ]);
  });

  test.each([
    [{ url: 'http://heappe.invalid' }, /! url +credentials.* in clear\n(.|\n)*✘ health/],
    [{ url: 'http://127.0.0.1:9' }, /✘ health +.*ECONNREFUSED\n +→ url/],
    [
      { credential: { kind: 'password', user: 'nobody', passwordFile: 'password' } },
      /✘ sign-in +user or password is wrong.*\n +→ credential\.user/,
    ],
    [
      { fileTransfer: 'sftp', sftpHostKey: undefined },
      /✘ files +by SFTP, and no host key is pinned\n +→ set sftpHostKey/,
    ],
  ])('names what to mend in %j', async (change, words) => {
    const { code, text } = await run(change);
    expect([code, text]).toEqual([1, expect.stringMatching(words)]);
  });

  test('render shows the script, and what is put beside it', () => {
    const request = { project: 'demo', hfModelId: 'org/model', engine: 'vllm' };
    const config = heappe.config(pastHeappe);
    if (config.kind !== 'heappe') throw new Error(config.kind);
    const text = renderForReading(config, recipes, {
      ...request,
      gpuCount: 1,
      walltimeSeconds: 60,
    });
    expect(text).toMatch(/^# By http.*called by wakefield_run/);
    expect(text).toMatch(/for the user alone: wakefield_run, key$/m);
    expect(text).toMatch(/^# Script, as wakefield_job:\necho engine$/m);
    expect(text).not.toContain('secret');
  });

  test('says what an old one carries of requests', async () => {
    const old = await startTestHeappe({ version: '6.0' });
    try {
      const { code, text } = await run({ transport: { kind: 'heappe' } }, { projects: [] }, old);
      expect([code, text]).toEqual([
        0,
        expect.stringMatching(/! requests .*\n +→ .*6\.1 or newer/),
      ]);
      expect(text).toMatch(/✔ files +by SFTP, with a pinned host key/);
    } finally {
      await old.stop();
    }
  });
});
