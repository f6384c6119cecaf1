import { describe, expect, it } from '@jest/globals';
import { pathTo } from '../../test/service.ts';
import { main, originOf, page, session, useVisitScene } from '../../test/visit-scene.ts';

const scene = useVisitScene();
const { on } = scene;

const isPage = { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' };

describe('a visit that is over', () => {
  const lapsed = async (headers: object = page) => {
    const { location } = await on(main, pathTo(scene.notebook), { ...page, cookie: session });
    const cookie = await scene.follow(location);
    scene.signedIn = false;
    const path = pathTo(scene.notebook, '/lab?a=<1>');
    return await on(originOf(scene.notebook), path, { ...headers, cookie });
  };

  it('is told to a person on a page, which leads to our own origin', async () => {
    await scene.restart({ publicUrl: `https://${main}` });
    const { status, headers, body } = await lapsed();
    expect([status, headers]).toEqual([401, expect.objectContaining(isPage)]);
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    const path = pathTo(scene.notebook, '/lab?a=&lt;1&gt;');
    expect(body).toContain(`<a href="https://${main}${path}">Open the service again</a>`);
    expect(body).toContain('Your visit of this service is over');
  });

  it('is told without a way where none is known', async () => {
    const { body } = await lapsed();
    expect(body).toContain('<h1>This page has to be opened again</h1>');
    expect(body).not.toContain('<a ');
  });

  it.each([
    ['a page asks', { 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin', accept: '*/*' }],
    ['a program asks', { accept: 'application/json' }],
  ])('is told as JSON where %s', async (_, headers) => {
    const told = await lapsed(headers);
    expect([told.status, JSON.parse(told.body).error.code]).toEqual([401, 'invalid_api_key']);
  });
});

describe('a link that was used', () => {
  it('is told to a person on a page, without the link in it', async () => {
    await scene.restart({ publicUrl: `https://${main}` });
    const { host, pathname, search } = await scene.link(scene.notebook);
    await scene.follow(`http://${host}${pathname}${search}`);
    const { status, headers, body } = await on(host, `${pathname}${search}`, page);
    expect([status, headers]).toEqual([401, expect.objectContaining(isPage)]);
    expect(body).toContain('This link was used before');
    expect(body).toContain(`href="https://${main}${pathTo(scene.notebook)}"`);
    expect(body).not.toContain('wakefield_link');
    const asJson = await on(host, `${pathname}${search}`, { accept: '*/*' });
    expect(JSON.parse(asJson.body).error.message).toContain('This link was used before');
  });

  it('leads whoever is in by it on', async () => {
    const { host, pathname, search } = await scene.link(scene.notebook);
    const cookie = await scene.follow(`http://${host}${pathname}${search}`);
    const again = await on(host, `${pathname}${search}`, { ...page, cookie });
    expect([again.status, again.location, again.cookies]).toEqual([303, pathname, []]);
  });
});

it('a service that is not there is told to a person on a page, too', async () => {
  const cookie = await scene.visit(scene.notebook);
  await scene.engine.close();
  const { status, headers, body } = await on(originOf(scene.notebook), pathTo(scene.notebook), {
    ...{ ...page, cookie },
  });
  expect([status, headers]).toEqual([502, expect.objectContaining(isPage)]);
  expect(body).toContain('<h1>This page cannot be shown</h1>');
});
