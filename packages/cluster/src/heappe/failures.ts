import { ClusterError } from '@wakefield/control';
import { z } from 'zod';
import { slurmFailure } from '../slurm-failures.ts';

/** A call that HEAppE answered with an error, or did not answer. `kind` says what to make of it, as everywhere. */
export class HeappeError extends ClusterError {
  /** null: no answer came, or its body broke off. */
  readonly status: number | null;
  /** Its own words, localised never (we send no Accept-Language). Empty where it said nothing. */
  readonly title: string;
  readonly detail: string;
  /** The detail unshortened, as what an engine said has to be passed on. */
  readonly verbatim: string;
  /** Nothing of it has left us: there was no connection. */
  readonly neverSent: boolean;
  constructor(
    kind: ClusterError['kind'],
    message: string,
    said: Partial<Said> = {},
    cause?: unknown,
  ) {
    super(kind, message, cause);
    this.name = 'ClusterError';
    this.status = said.status ?? null;
    this.title = said.title ?? '';
    this.detail = said.detail ?? '';
    this.verbatim = said.verbatim ?? this.detail;
    this.neverSent = this.status === null && noConnection.has(codeOf(cause));
  }
}

/** Of Node and of undici, before there is a connection; a connection that breaks says nothing. */
const noConnection: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

export interface Said {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly verbatim?: string;
}

/** RestApi/ExceptionMiddleware.cs writes these lower-case; ASP.NET's own 400 has `errors` by path instead of `detail`. */
const problem = z.object({
  title: z.string().nullish(),
  detail: z.string().nullish(),
  errors: z.record(z.string(), z.array(z.string())).nullish(),
});

/** What an answer that is not 200 says; bodies may be problem JSON, a JSON string, plain text or a proxy's HTML. */
export function readProblem(status: number, body: string): Said {
  const value = parseJson(body);
  if (typeof value === 'string') return { status, title: '', detail: oneLine(value) };
  const parsed = problem.safeParse(value);
  if (!parsed.success) return { status, title: '', detail: isMarkup(body) ? '' : oneLine(body) };
  const { title, detail, errors } = parsed.data;
  const violations = Object.entries(errors ?? {}).map(
    ([path, texts]) => `${path}: ${texts.join(' ')}`,
  );
  const said = detail ?? violations.join('; ');
  return { status, title: oneLine(title ?? ''), detail: oneLine(said), verbatim: said };
}

/** What came of a call that was answered with anything but success. */
export function failureOf(action: string, said: Said): HeappeError {
  const { status, title, detail } = said;
  const words = detail || title || `status ${status}`;
  if (title === 'Slurm Problem' || title === 'Pbs Problem') {
    const failure = slurmFailure('sbatch', 1, detail);
    return new HeappeError(failure.kind, failure.message, said);
  }
  return new HeappeError(kindOf(said), `${action}: ${words}`, said);
}

/** Details of 400 and 404 that are about the connection to the cluster, not about what was asked. */
const connection = /unable ?to ?create ?connection|connection|timed? ?out|channel/i;
const noSuchRoute = '';

function kindOf({ status, title, detail }: Said): ClusterError['kind'] {
  switch (status) {
    case 401:
    case 403:
      return 'misconfigured';
    case 404:
      // Rules that a request breaks are 404, too; one without a problem in it comes from somebody who has no such path.
      return title === noSuchRoute ? 'misconfigured' : 'refused';
    case 413:
      return 'refused';
    case 400:
      if (title === 'Invalid Request' && connection.test(detail)) return 'unreachable';
      return 'unclear';
    default:
      // 429; 500, which says nothing and may come after the work was done; 502 of ssh and tunnels; any gateway's.
      return status === 502 && title === 'External Service Error' ? 'unclear' : 'unreachable';
  }
}

/** No is no answer for a call that only looks: nothing is known then, least of all that something is not there. */
export function asLook(error: unknown): unknown {
  if (!(error instanceof HeappeError)) return error;
  const said = ['refused', 'unclear', 'no_room'].includes(error.kind);
  return said ? new HeappeError('unreachable', error.message, saidOf(error), error) : error;
}

function saidOf({ status, title, detail }: HeappeError): Partial<Said> {
  return { ...(status === null ? {} : { status }), title, detail };
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function isMarkup(text: string): boolean {
  return text.trimStart().startsWith('<');
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, 1000);
}
