import { join } from 'node:path';
import { expect } from '@jest/globals';
import type { Page } from './chromium.ts';
import { fillIn, keycloaksForm } from './keycloaks-form.ts';

export interface Place {
  readonly url: string;
  /** Of which `ada` is a member, with a model that answers. */
  readonly project: string;
  readonly model: string;
}

/** As a person would on the page of the API: in, a look around, and out again. */
export async function tryInChromium(page: Page, { url, project, model }: Place): Promise<void> {
  const chatPath = `/p/${project}/openai/v1/chat/completions`;
  const chat = { model, messages: [{ role: 'user', content: 'Say hello.' }], max_tokens: 4 };
  const picture = async (name: string) => {
    const folder = process.env.WAKEFIELD_TEST_PICTURES;
    if (folder !== undefined) await page.screenshot(join(folder, `${name}.png`));
  };
  await page.go(`${url}/swagger/index.html`);
  await page.until('the way in', `document.querySelector('#sign-in a')?.textContent`);
  await page.until('the page', `document.querySelector('.opblock')?.id`);
  await picture('before');
  await page.run(`document.querySelector('#sign-in a').click()`);
  await page.until('the form of Keycloak', keycloaksForm);
  await picture('keycloak');
  await fillIn(page, 'ada');
  const bar = await page.until<string>(
    'who it is',
    `document.querySelector('#sign-in span')?.textContent`,
  );
  expect(bar).toMatch(/^site:[\w-]+: eu-00-00 \(user\)$/);
  expect(await page.url()).toBe(`${url}/swagger/index.html`);
  // Nothing of it is there for scripts.
  expect(await page.run('document.cookie')).toBe('');
  expect(await page.run('JSON.stringify({ ...localStorage, ...sessionStorage })')).not.toContain(
    'eyJ',
  );
  const operation = '#operations-Projects-listProjects';
  await page.until(
    'the operation',
    `document.querySelector('${operation} .opblock-summary-control')?.tagName`,
  );
  await page.run(`document.querySelector('${operation} .opblock-summary-control').click()`);
  await page.until('the button', `document.querySelector('${operation} .execute')?.tagName`);
  await page.run(`document.querySelector('${operation} .execute').click()`);
  const answer = await page.until<string>(
    'the answer',
    `document.querySelector('${operation} .live-responses-table .response .microlight, ${operation} .live-responses-table pre')?.textContent`,
  );
  expect(answer).toContain(project);
  expect(answer).not.toContain('eu-00-01');
  await picture('signed-in');
  const status = `fetch('${chatPath}', { method: 'POST', headers: { 'content-type': 'application/json' }, body: ${JSON.stringify(JSON.stringify(chat))} }).then((answer) => answer.status)`;
  expect(await page.run(status)).toBe(200);
  expect(await page.run(status.replace(chatPath, chatPath.replace(project, 'eu-00-01')))).toBe(404);
  await page.run(`document.querySelector('#sign-in button').click()`);
  // Where the issuer still has a session of its own, it asks first.
  await page.until(
    'the way in again',
    `document.querySelector('#kc-logout')?.click() ?? document.querySelector('#sign-in a')?.textContent`,
  );
  expect(await page.run(`fetch('/p').then((answer) => answer.status)`)).toBe(401);
  // It is over at the issuer as well: whoever sits down here next is asked who it is.
  await page.run(`document.querySelector('#sign-in a').click()`);
  await page.until('the form of Keycloak', keycloaksForm);
  // Only what was refused on purpose.
  expect(page.complaints.filter((text) => !/status of (401|404)/.test(text))).toEqual([]);
}
