import type { IncomingMessage } from 'node:http';
import { errorHeaders, errorTable } from '@wakefield/contracts';
import { type AppError, type ServiceId, serviceBasePath } from '@wakefield/domain';
import { sendError } from '../server/answer.ts';
import type { ClientCall } from '../server/client-call.ts';
import { readLink } from './links.ts';
import type { ServiceParts } from './parts.ts';
import { pagePolicy, problemPage } from './problem-page.ts';
import { isNavigation } from './visitor.ts';

/** Tells what went wrong in the one envelope; a person on the origin of a service sees a page. */
export function tellError(
  parts: Pick<ServiceParts, 'visiting' | 'mainUrl'>,
  request: IncomingMessage,
  client: ClientCall,
  requestId: string,
  error: AppError,
): void {
  const visited = parts.visiting?.origins.idOf(request.headers) ?? null;
  const isPage = visited !== null && isNavigation(request) && takesHtml(request);
  if (!isPage) {
    sendError(client, requestId, error);
    return;
  }
  const isOut = error.code === 'invalid_api_key';
  const page = problemPage({
    title: isOut ? 'This page has to be opened again' : 'This page cannot be shown',
    message: error.message,
    requestId,
    openAgain: isOut ? openAgain(parts.mainUrl, request, visited) : null,
  });
  client.writeHead(
    errorTable[error.code].status,
    Object.entries({
      'content-type': 'text/html; charset=utf-8',
      'content-length': String(Buffer.byteLength(page)),
      'content-security-policy': pagePolicy,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'x-request-id': requestId,
      ...errorHeaders(error),
    }).flat(),
  );
  client.end(page);
}

/** The same page by way of our own origin, where a person signs in and is led back. */
function openAgain(
  mainUrl: string | null,
  { url = '/' }: IncomingMessage,
  visited: ServiceId,
): string | null {
  if (mainUrl === null) return null;
  const path = readLink(url)?.path ?? url;
  const base = serviceBasePath(visited);
  return `${mainUrl}${path.startsWith(base) ? path : `${base}/`}`;
}

function takesHtml({ headers }: IncomingMessage): boolean {
  return headers.accept?.includes('text/html') === true;
}
