import { HeappeError } from '../failures.ts';
import { type NodeError, nodeErrorIn } from './node-error.ts';
import { type Trouble, troubleIn } from './trouble.ts';

/** A request to a node that HEAppE could not or would not make, or that did not succeed there. */
export class NodeTrouble extends Error {
  readonly trouble: Trouble;
  /** What the node answered, where HEAppE tells it. */
  readonly said: NodeError | null;
  /** No engine has seen the request: there was no tunnel, or nobody took the call. */
  readonly neverSent: boolean;

  constructor(trouble: Trouble, words: string, said: NodeError | null = null, cause?: unknown) {
    super(words, cause === undefined ? undefined : { cause });
    this.name = 'NodeTrouble';
    this.trouble = trouble;
    this.said = said;
    this.neverSent = isNeverSent(trouble, cause);
  }
}

function isNeverSent(trouble: Trouble, cause: unknown): boolean {
  if (trouble === 'no_tunnel' || trouble === 'stale') return true;
  return (cause instanceof HeappeError && cause.neverSent) || cause instanceof NoTunnel;
}

/** There was none to ask an engine through, and none could be had. */
export class NoTunnel extends Error {}

/** From the error text of a stream. */
export function troubleOfStream(words: string): NodeTrouble {
  return new NodeTrouble(troubleIn(words), words);
}

/** From a call that HEAppE answered with a status other than 200, or not at all. */
export function troubleOfCall(error: unknown): NodeTrouble {
  if (error instanceof NodeTrouble) return error;
  if (isMistake(error)) return new NodeTrouble('failed', messageOf(error), null, error);
  if (!(error instanceof HeappeError)) {
    return new NodeTrouble('silent', messageOf(error), null, error);
  }
  const said = isNodeError(error) ? nodeErrorIn(error.verbatim) : null;
  return new NodeTrouble(kindOf(error), error.message, said, error);
}

/** UnableToCreateConnectionException: 400 with this title, 500 up to 5.0 (RestApi/ExceptionMiddleware.cs). */
const connectionTitles: ReadonlySet<string> = new Set(['Invalid Request', 'External Problem']);

function kindOf(error: HeappeError): Trouble {
  const known = troubleIn(error.detail);
  switch (error.status) {
    case null:
    case 503:
    case 504:
      return 'silent';
    case 401:
    case 403:
      return 'forbidden';
    case 413:
      return 'too_large';
    case 429:
      return 'busy';
    case 404:
      return known === 'not_running' ? known : 'invalid';
    case 502:
      return known === 'no_tunnel' ? known : 'silent';
    default:
      return connectionTitles.has(error.title) ? ofConnection(known) : 'failed';
  }
}

/** From 6.2.2 on the words of a node error are the node's own, or none. */
function ofConnection(known: Trouble): Trouble {
  return known === 'engine_gone' ? 'node_error' : known;
}

function isNodeError(error: HeappeError): boolean {
  const { status, title, detail } = error;
  return status === 400 && title === 'Invalid Request' && troubleIn(detail) === 'engine_gone';
}

/** Of ours: it would be there again however often one asks. */
function isMistake(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
