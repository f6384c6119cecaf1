import type { Page } from './chromium.ts';
import { password } from './realm.ts';

/** True in a page where Keycloak asks who it is. */
export const keycloaksForm = `document.querySelector('#username')?.id`;

export async function fillIn(page: Page, user: string): Promise<void> {
  await page.run(`
    document.querySelector('#username').value = ${JSON.stringify(user)};
    document.querySelector('#password').value = ${JSON.stringify(password)};
    document.querySelector('#kc-login').click()`);
}
