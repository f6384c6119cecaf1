import { describe, expect, it } from '@jest/globals';
import { isAppError } from '@wakefield/domain';
import { createIssuerMetadata } from './issuer-metadata.ts';

const issuer = 'https://sso.example.org';
let clock = 1_790_000_000_000;

function metadataOf(said: () => object) {
  let asked = 0;
  const metadata = createIssuerMetadata({
    ...{ issuer, timeoutMs: 1000, now: () => clock, watched: (ask) => ask() },
    fetch: async () => {
      asked += 1;
      return Response.json({ issuer, ...said() });
    },
  });
  return { metadata, asked: () => asked };
}

const codeOf = (reading: Promise<unknown>) =>
  reading.then(
    () => null,
    (error: unknown) => (isAppError(error) ? error.code : error),
  );

describe('what an issuer says of itself', () => {
  it.each([
    ['jwks_uri', 'http://127.0.0.1:8080/keys'],
    ['token_endpoint', 'http://localhost/token'],
    ['introspection_endpoint', 'http://elsewhere.example/introspect'],
    ['revocation_endpoint', 'ftp://sso.example.org/'],
  ])('is not taken where %s is %s', async (name, place) => {
    const { metadata } = metadataOf(() => ({ [name]: place }));
    expect(await codeOf(metadata.read())).toBe('issuer_unavailable');
  });

  it('is asked again after an endpoint did not answer as such, and not each time', async () => {
    let place = `${issuer}/before`;
    const { metadata, asked } = metadataOf(() => ({ introspection_endpoint: place }));
    expect(await metadata.read()).toMatchObject({ introspection_endpoint: place });
    place = `${issuer}/after`;
    metadata.doubt(new Error('status 404'));
    await metadata.read();
    expect(asked()).toBe(1);
    clock += 2000;
    metadata.doubt(new Error('status 404'));
    expect(await metadata.read()).toMatchObject({ introspection_endpoint: place });
    metadata.doubt(new Error('status 404'));
    await metadata.read();
    expect(asked()).toBe(2);
  });
});
