import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { boundToUs } from '@wakefield/local-stack';
import type { Page } from './chromium.ts';
import { fillIn, keycloaksForm } from './keycloaks-form.ts';

/**
 * Runs the script of docs/auth.md as it stands there, but for the address of the issuer, and lets `ada` allow it in
 * a browser.
 * @returns the token that it ends with
 */
export async function tryDeviceFlow(page: Page, issuer: string): Promise<string> {
  const script = (await scriptOfDocs()).replace(/^realm=.*/, `realm=${issuer}`);
  const shell = boundToUs('bash', ['-euc', `${script}\necho "token $OPENAI_API_KEY"`], 'SIGKILL');
  const child = spawn(shell.command, [...shell.args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const over = new Promise((resolve) => child.once('close', resolve));
  const address = () => /^Open (http\S+)$/m.exec(said)?.[1];
  while (address() === undefined && child.exitCode === null)
    await Promise.race([new Promise((resolve) => child.stdout.once('data', resolve)), over]);
  try {
    await allow(page, address() ?? `the script only said: ${said}`);
    await over;
  } finally {
    child.kill('SIGKILL');
  }
  const token = /^token (\S+)$/m.exec(said)?.[1];
  if (child.exitCode !== 0 || token === undefined) throw new Error(`the script said: ${said}`);
  return token;
}

async function allow(page: Page, url: string): Promise<void> {
  await page.go(url);
  await page.until('the form of Keycloak', keycloaksForm);
  await fillIn(page, 'ada');
  await page.until('its question', `document.querySelector('[name=accept]')?.name`);
  await page.run(`document.querySelector('[name=accept]').click()`);
}

async function scriptOfDocs(): Promise<string> {
  const text = await readFile(new URL('../../docs/auth.md', import.meta.url), 'utf8');
  const script = /^```bash\n(realm=.*?)^```$/ms.exec(text)?.[1];
  if (script === undefined) throw new Error('docs/auth.md has no script of the device flow');
  return script;
}
