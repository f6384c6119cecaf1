import { describe, expect, it } from '@jest/globals';
import { readLink } from './links.ts';
import { createServiceOrigins, isServicesUrl } from './service-origins.ts';

const id = '0199f7c4-6a53-7c1e-9c55-0d6f1f6f2b11';

describe('origins of services', () => {
  it.each([
    ['https://*.services.example.org', true],
    ['http://*.localhost:8080', true],
    ['http://*.localhost:8080/', true],
    ['https://services.example.org', false],
    ['https://*', false],
    ['https://a.*.example.org', false],
    ['https://*.example.org/path', false],
    ['ftp://*.example.org', false],
    ['*.example.org', false],
    ['http://*.localhost:99999', false],
  ])('%s', (url, isTaken) => {
    expect(isServicesUrl(url)).toBe(isTaken);
  });

  it.each([
    ['https://*.s.example.org', `${id}.s.example.org`, id],
    ['https://*.s.example.org', `${id.toUpperCase()}.S.example.org:443`, id],
    ['https://*.s.example.org', `${id}.s.example.org:8443`, null],
    ['https://*.s.example.org', 's.example.org', null],
    ['https://*.s.example.org', `a.${id}.s.example.org`, null],
    ['https://*.s.example.org', `${id}.s.example.org.evil.example`, null],
    ['https://*.s.example.org', `${id}xs.example.org`, null],
    ['http://*.localhost:8080', `${id}.localhost:8080`, id],
    ['http://*.localhost:8080', 'localhost:8080', null],
    ['http://*.localhost:8080', 'a b', null],
  ])('%s by %s', (url, host, found) => {
    const origins = createServiceOrigins(url);
    expect(origins.idOf({ host })).toBe(found);
    expect(origins.idOf({ host: 'main.example', 'x-forwarded-host': host })).toBe(found);
    expect(origins.idOf({ host, 'x-forwarded-host': 'main.example' })).toBe(null);
  });

  it('are written as they are read', () => {
    const origins = createServiceOrigins('https://*.s.example.org/');
    expect(origins.urlOf(id)).toBe(`https://${id}.s.example.org`);
    expect(origins.secure).toBe(true);
  });
});

describe('the word of a link', () => {
  it.each([
    ['/a/?wakefield_link=w', { word: 'w', path: '/a/' }],
    ['/a?b=1&c&wakefield_link=w', { word: 'w', path: '/a?b=1&c' }],
    ['/a?wakefield_link=w&b=1', null],
    ['/a?xwakefield_link=w', null],
    ['/wakefield_link=w', null],
  ])('%s', (target, link) => {
    expect(readLink(target)).toEqual(link);
  });
});
