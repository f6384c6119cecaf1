import type { VersionTraits } from '../versions.ts';

/** Families of HEAppE's exceptions, as its ExceptionMiddleware tells them apart. */
type ErrorKind =
  | 'unauthorized'
  | 'validation'
  | 'session'
  | 'authenticationType'
  | 'slurm'
  | 'request'
  | 'connection'
  | 'ssh'
  | 'tunnel'
  | 'internal'
  | 'notAllowed'
  | 'external';

/** An exception of HEAppE: `key` is its raw message (what the stream endpoint writes), `text` what problem bodies say. */
export class HeappeError extends Error {
  readonly kind: ErrorKind;
  readonly key: string;
  readonly text: string;
  constructor(kind: ErrorKind, key: string, text = key) {
    super(text);
    this.name = 'HeappeError';
    this.kind = kind;
    this.key = key;
    this.text = text;
  }
}

/** @throws HeappeError 404 with what is wrong, line by line */
export function refuse(complaints: readonly string[], prefix = ''): void {
  if (complaints.length > 0) {
    throw new HeappeError('validation', 'NotValid', `${prefix}${complaints.join('\n')}\n`);
  }
}

/** Ended while the body was read: 413 without a body, before any of HEAppE's own code. */
export class BodyTooLarge extends Error {}

/** What ASP.NET's [ApiController] says by itself to a body that does not bind: 400. */
export class BindingError extends Error {
  readonly errors: Readonly<Record<string, readonly string[]>>;
  constructor(errors: Readonly<Record<string, readonly string[]>>) {
    super('One or more validation errors occurred.');
    this.errors = errors;
  }
}

/** An answer of the layers in front of HEAppE, in plain text. */
export class PlainAnswer extends Error {
  readonly status: number;
  constructor(status: number, text: string) {
    super(text);
    this.status = status;
  }
}

interface Problem {
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
}

const answers: Readonly<Record<ErrorKind, readonly [number, string]>> = {
  unauthorized: [401, 'Unauthorized Access'],
  validation: [404, 'Validation Problem'],
  session: [401, 'Session Code Authentication Problem'],
  authenticationType: [401, 'UserOrg Authentication Problem'],
  slurm: [502, 'Slurm Problem'],
  request: [400, 'Invalid Request'],
  connection: [400, 'Invalid Request'],
  ssh: [502, 'SSH Problem'],
  tunnel: [502, 'Tunnel Exception'],
  internal: [500, 'Problem'],
  notAllowed: [403, 'Not Allowed'],
  external: [502, 'External Service Error'],
};

const contactAdministrators = 'Problem occured! Contact the administrators.';

/** The problem body and status of an exception. */
export function problemOf(error: unknown, traits: VersionTraits): Problem {
  const kind = error instanceof HeappeError ? error.kind : 'internal';
  if (traits.externalIs500 && (kind === 'external' || kind === 'connection')) {
    return { title: 'External Problem', status: 500, detail: (error as HeappeError).text };
  }
  const [status, title] = answers[kind];
  const detail = kind === 'internal' ? contactAdministrators : (error as HeappeError).text;
  return { title, status, detail };
}
