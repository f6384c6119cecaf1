import type { IncomingMessage } from 'node:http';
import { type VisitJson, visitQuery } from '@wakefield/contracts';
import { AppError, type Principal, type ServiceRoute, serviceBasePath } from '@wakefield/domain';
import { sendJson } from '../server/answer.ts';
import type { ClientCall } from '../server/client-call.ts';
import type { NodeCall } from '../server/node-call.ts';
import { serviceOf } from './admit.ts';
import { sessionOf } from './cookies.ts';
import { checkReady, tellOthers } from './find-service.ts';
import type { ServiceParts, Visiting } from './parts.ts';

/** In the query of a link: taken once, and gone from the address bar with the next answer. */
const parameter = 'wakefield_link';

/** A link to the origin of a service, by which a browser may look at it. */
export interface Link {
  readonly url: string;
  /** Until then it is good, once. */
  readonly expiresAt: number;
}

/**
 * For whoever is known by what came with a request.
 * @param rest path and query in the service
 */
export async function linkFor(
  { origins, visits }: Visiting,
  { serviceId }: ServiceRoute,
  client: Pick<ClientCall, 'header'>,
  who: Principal,
  rest: string,
): Promise<Link> {
  const authorization = client.header('authorization');
  // What else a browser has is not to be kept for as long as a visit.
  const cookie = authorization === undefined ? sessionOf(client.header('cookie')) : undefined;
  const by = { authorization, cookie };
  const { word, expiresAt } = await visits.invite(serviceId, by, who);
  const mark = rest.includes('?') ? '&' : '?';
  const path = `${serviceBasePath(serviceId)}${rest}${mark}${parameter}=${word}`;
  return { url: `${origins.urlOf(serviceId)}${path}`, expiresAt };
}

/** The word of a link, and where it leads without it; null: this is none. */
export function readLink(target: string): { readonly word: string; readonly path: string } | null {
  const [, path, word] = /^(.*)[?&]wakefield_link=([^&]*)$/s.exec(target) ?? [];
  return path === undefined || word === undefined ? null : { word, path };
}

/**
 * Answers with a link. Programs ask for one that have a key, which no browser can send with a page.
 * @throws AppError
 */
export async function sendLink(
  parts: ServiceParts,
  { request, client, id, requestId }: LinkWish,
): Promise<void> {
  const found = await serviceOf(parts, request, client, id, visitQuery);
  const { who, service, query } = found;
  if (parts.visiting === null) throw noOrigins();
  const path = query.path ?? service.access.page ?? '/';
  const { url, expiresAt } = await linkFor(parts.visiting, checkReady(service), client, who, path);
  const visit: VisitJson = { url, expires_at: new Date(expiresAt).toISOString() };
  sendJson(client, requestId, 201, visit, tellOthers(found));
}

interface LinkWish {
  readonly request: IncomingMessage;
  readonly client: NodeCall;
  readonly id: string;
  readonly requestId: string;
}

function noOrigins(): AppError {
  const message =
    'Browsers may open services here once SERVICES_URL says on which origins (docs/service-access.md).';
  return new AppError('not_supported', message);
}
