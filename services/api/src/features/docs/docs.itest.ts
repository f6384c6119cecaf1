import { describe, expect, it } from '@jest/globals';
import { buildOpenApiDocument } from '@wakefield/contracts';
import { apiSuite } from '../../../test/api-suite.ts';

const api = apiSuite({ scheduler: false });

const open = { key: null };

describe('the API document', () => {
  it('is served as it is built', async () => {
    const { body } = await api.call('GET', '/openapi.json', open);
    expect(body).toEqual(buildOpenApiDocument('9.9.9'));
  });

  it('has a page with everything that it needs', async () => {
    const page = await api.call('GET', '/swagger/index.html', open);
    expect(page.text).toContain('<title>Wakefield API</title>');
    for (const file of ['swagger-ui.css', 'swagger-ui-bundle.js', 'swagger-ui-init.js']) {
      expect(page.text).toContain(file);
      const asset = await fetch(`${api.url}/swagger/${file}`);
      expect(asset.status).toBe(200);
      const text = await asset.text();
      expect(text.length).toBeGreaterThan(1000);
      // The key of an installation is not kept in a browser's storage.
      if (file === 'swagger-ui-init.js') expect(text).toMatch(/"persistAuthorization": ?false/);
    }
  });

  it('offers on its page what a person can type in, and no cookies', async () => {
    const text = await (await fetch(`${api.url}/swagger/swagger-ui-init.js`)).text();
    expect(text).toContain('"bearer"');
    expect(text).not.toMatch(/"in": ?"cookie"|"session": ?\[|"login": ?\[/);
    const { body } = await api.call('GET', '/openapi.json', open);
    expect(Object.keys(body.components.securitySchemes)).toEqual(['bearer', 'session', 'login']);
  });

  it.each(['/swagger', '/swagger/', '/docs'])('%s leads to the page', async (path) => {
    const response = await fetch(`${api.url}${path}`, { redirect: 'manual' });
    expect(response.headers.get('location')).toBe('/swagger/index.html');
  });

  it('is found beside its page, too', async () => {
    const response = await fetch(`${api.url}/swagger/openapi.json`);
    expect([response.status, response.url]).toEqual([200, `${api.url}/openapi.json`]);
    expect(await response.json()).toEqual(buildOpenApiDocument('9.9.9'));
  });

  it('is what a browser sees at the bare address', async () => {
    const ask = (accept: string) =>
      fetch(api.url, { redirect: 'manual', headers: { accept } }).then(({ status }) => status);
    expect(await ask('text/html,*/*;q=0.8')).toBe(302);
    expect(await ask('*/*')).toBe(401);
  });

  it('hides what lies beside the page', async () => {
    for (const path of ['/swagger/package.json', '/swagger/nothing.js', '/swagger/..%2Fx']) {
      const response = await fetch(`${api.url}${path}`);
      expect([401, 403, 404]).toContain(response.status);
    }
  });
});

describe('health', () => {
  it('tells versions', async () => {
    const { body } = await api.call('GET', '/health', open);
    expect(body).toEqual({ status: 'OK', version: '9.9.9', api_version: '1.0' });
  });
});
