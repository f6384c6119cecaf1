import { once } from 'node:events';
import { type IncomingMessage, request as send } from 'node:http';
import { afterEach, beforeEach, expect } from '@jest/globals';
import { type BrowserIdentifier, createVisits } from '@wakefield/auth';
import type { ServiceRoute } from '@wakefield/domain';
import type { ProxySettings } from '../src/proxy.ts';
import { type ScriptedEngine, startEngine } from './engine.ts';
import { type Harness, startHarness } from './harness.ts';
import { type RecordingApi, startRecordingApi } from './recording-api.ts';
import { as, people, serviceRoute } from './service.ts';
import { createMemorySessions } from './session-store.ts';

export const main = 'ai.example.org';
/** Signed in as who may manage `demo`. */
export const session = 'wakefield_session=ada';
export const page = { 'sec-fetch-mode': 'navigate', accept: 'text/html' };

export const originOf = ({ serviceId }: ServiceRoute) => `${serviceId}.services.test`;

type VisitsDeps = Parameters<typeof createVisits>[0];

/** What a browser was told. */
export interface Told {
  readonly status: number;
  readonly location: string;
  readonly cookies: readonly string[];
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A proxy with two notebooks on origins of their own, and browsers that visit them. New for each test. */
export interface VisitScene {
  readonly proxy: Harness;
  readonly engine: ScriptedEngine;
  readonly api: RecordingApi;
  readonly sessions: ReturnType<typeof createMemorySessions>;
  readonly notebook: ServiceRoute;
  readonly other: ServiceRoute;
  signedIn: boolean;
  now: number;
  /** Another proxy in place of the one that is there. */
  restart(settings: Partial<ProxySettings>, more?: Partial<VisitsDeps>): Promise<void>;
  /** What a browser is told on one of the origins that lead here. */
  on(host: string, path: string, headers?: object, method?: string): Promise<Told>;
  /** A link to a service, for who may manage `demo`. */
  link(service: ServiceRoute): Promise<URL>;
  /** Follows a link as a browser does. @returns the cookie that it got */
  follow(link: URL | string, headers?: object): Promise<string>;
  visit(service: ServiceRoute): Promise<string>;
}

export function useVisitScene(): VisitScene {
  const scene = {} as { -readonly [Key in keyof VisitScene]: VisitScene[Key] };
  const browsers: BrowserIdentifier = {
    identify: async (cookie) =>
      scene.signedIn && cookie?.includes(session) === true
        ? { kind: 'user', id: 'ada', grants: [{ project: 'demo', role: 'manager' }] }
        : null,
  };
  const start = async (
    settings: Partial<ProxySettings>,
    more: Partial<VisitsDeps> = {},
  ): Promise<void> => {
    const deps = { identifier: people, browsers, store: scene.sessions, now: () => scene.now };
    const visits = createVisits({ ...deps, secure: false, most: 4, ...more });
    const all = { servicesUrl: 'http://*.services.test', apiUrl: scene.api.url, ...settings };
    scene.proxy = await startHarness(all, {}, undefined, { identifier: people, browsers, visits });
    scene.proxy.serve(scene.notebook, scene.other);
    await scene.proxy.caughtUp();
  };
  scene.restart = async (settings, more) => {
    await scene.proxy.stop();
    await start(settings, more);
  };
  scene.on = async (host, path, headers = {}, method = 'GET') => {
    const sent = send({
      ...{ host: '127.0.0.1', port: scene.proxy.port, path, method, agent: false },
      headers: { ...headers, host },
    }).end();
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    let body = '';
    for await (const piece of answer) body += String(piece);
    const { location = '', 'set-cookie': cookies = [] } = answer.headers;
    return { status: answer.statusCode ?? 0, location, cookies, headers: answer.headers, body };
  };
  scene.link = async ({ serviceId }) => {
    const path = `/api/v1/services/${serviceId}/visits`;
    const { status, body } = await scene.on(main, path, as('manager-of-demo'), 'POST');
    expect(status).toBe(201);
    return new URL((JSON.parse(body) as { url: string }).url);
  };
  scene.follow = async (link, headers = {}) => {
    const { host, pathname, search } = new URL(link);
    const sent = { ...page, ...headers };
    const { status, cookies, location } = await scene.on(host, `${pathname}${search}`, sent);
    expect([status, location]).toEqual([303, pathname]);
    expect(cookies).toEqual([expect.stringMatching(/; Path=\/; HttpOnly; SameSite=Lax/)]);
    return (cookies[0] ?? '').split(';')[0] ?? '';
  };
  scene.visit = async (service) => await scene.follow(await scene.link(service));
  beforeEach(async () => {
    [scene.signedIn, scene.now] = [true, 1_700_000_000_000];
    scene.sessions = createMemorySessions(() => scene.now);
    [scene.engine, scene.api] = await Promise.all([startEngine(), startRecordingApi()]);
    scene.notebook = serviceRoute(scene.engine.port);
    scene.other = serviceRoute(scene.engine.port);
    await start({});
  });
  afterEach(async () => {
    await scene.proxy.stop();
    await Promise.all([scene.engine.close(), scene.api.close()]);
  });
  return scene;
}
