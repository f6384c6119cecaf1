import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { findBrowser } from '../../scripts/find-browser.ts';
import { type Page, withPage } from '../oidc/chromium.ts';
import { eventually, startWakefield, type Wakefield } from '../wakefield.ts';

/** Builds JupyterLab from PyPI the first time. */
const buildMs = 600_000;

/** A notebook on the private SLURM, as a person opens it. */
describe('a notebook', () => {
  let wakefield: Wakefield;
  let uuid: string;
  let id: string;

  beforeAll(async () => {
    wakefield = await startWakefield({ args: ['--slurm'] });
  }, 150_000);
  afterAll(async () => {
    await wakefield.stop();
  }, 60_000);

  const statusOf = async () => {
    const { body } = await wakefield.call('GET', `/api/v1/services/${id}/status`);
    if (body.status === 'failed') throw new Error(body.reason);
    return body.status as string;
  };

  test(
    'is built and starts',
    async () => {
      const { status, body } = await wakefield.call('POST', '/api/v1/services', {
        recipe_name: 'notebook/jupyter',
        config: { resources: { cpu: 1, memory: '1G', time_limit: 30 } },
      });
      expect([status, body.error]).toEqual([201, undefined]);
      ({ id, uuid } = body);
      await eventually('running', async () => (await statusOf()) === 'running', buildMs);
    },
    buildMs + 60_000,
  );

  test('runs a cell in Chromium, over its kernel’s WebSocket', async () => {
    const { status, body } = await wakefield.call('POST', `/api/v1/services/${id}/visits`);
    expect(status).toBe(201);
    const browser = findBrowser();
    if (browser === null) throw new Error('there is no Chromium. Debian: apt-get install chromium');
    await withPage(browser, async (page) => {
      await page.go(body.url);
      await openNotebook(page);
      expect(await run(page, '6 * 7')).toBe('42');
      await picture(page);
      // The page cannot reach what its viewer may do, nor see by what it is let in.
      const asked = (path: string) => page.run(`fetch('${path}').then(({ status }) => status)`);
      expect(await asked('/p')).toBe(404);
      expect(await asked('/p/demo/openai/v1/models')).toBe(401);
      expect(await asked(`/api/v1/services/${uuid}/proxy/api/status`)).toBe(200);
      const main = `fetch('${wakefield.url}/p', { credentials: 'include' }).then(() => 'read', () => 'refused')`;
      expect(await page.run(main)).toBe('refused');
      expect(await page.run('document.cookie')).not.toContain('wakefield');
      expect(new URL(await page.url()).host).toBe(
        `${uuid}.localhost:${new URL(wakefield.url).port}`,
      );
    });
  }, 200_000);

  test('answers programs by its key, and nobody without one', async () => {
    const path = `/api/v1/services/${uuid}/proxy`;
    const { status, body } = await wakefield.call('GET', `${path}/api/kernels`);
    expect([status, body.length]).toEqual([200, 1]);
    expect((await fetch(`${wakefield.url}${path}/api/kernels`)).status).toBe(401);
  });

  test('is stopped', async () => {
    await wakefield.call('DELETE', `/api/v1/services/${id}`);
    await eventually('stopped', async () => (await statusOf()) === 'stopped', 60_000);
    const { status } = await wakefield.call('GET', `/api/v1/services/${uuid}/proxy/api`);
    expect(status).toBe(409);
  }, 90_000);
});

async function openNotebook(page: Page): Promise<void> {
  const card = '.jp-LauncherCard[data-category="Notebook"]';
  await page.until('the launcher', `document.querySelector('${card}')?.title`);
  await page.run(`document.querySelector('${card}').click()`);
  await page.until('the notebook', `document.querySelector('.jp-Notebook .cm-content')?.tagName`);
}

/**
 * Types a line into the first cell and runs it, again until something comes of it: while JupyterLab puts its page together it
 * takes the focus away, and what is run before its kernel is there is lost.
 * @returns its output
 */
async function run(page: Page, line: string): Promise<string> {
  const text = JSON.stringify(line);
  const type = `(() => {
    const cell = document.querySelector('.jp-Notebook .cm-content');
    cell.focus();
    if (!cell.textContent.includes(${text})) document.execCommand('insertText', false, ${text});
  })()`;
  const output = `document.querySelector('.jp-OutputArea-output pre')?.textContent.trim()`;
  const betweenMs = 2000;
  let ranAt = Number.NEGATIVE_INFINITY;
  return await eventually(
    'the output',
    async () => {
      if (performance.now() - ranAt > betweenMs) {
        await page.run(type);
        await page.pressCtrlEnter();
        ranAt = performance.now();
      }
      return (await page.run(output)) as string | undefined;
    },
    90_000,
  );
}

async function picture(page: Page): Promise<void> {
  const folder = process.env.WAKEFIELD_TEST_PICTURES;
  if (folder !== undefined) await page.screenshot(join(folder, 'jupyter.png'));
}
