/**
 * Headers of requests that something here acts upon, in lower case. A second one of a name is joined to the first or
 * dropped by node:http, name by name; of all others only the list as it came is read.
 */
export const lookedUpHeaders = [
  'authorization',
  'connection',
  'content-encoding',
  'content-length',
  'cookie',
  'expect',
  'host',
  'origin',
  'prefer',
  'sec-fetch-site',
  'traceparent',
  'upgrade',
  'x-forwarded-host',
  'x-request-id',
  'x-request-timeout',
] as const;

export type LookedUpHeader = (typeof lookedUpHeaders)[number];

/** Where a body goes as it comes; after `end` or `lost` nothing more does. */
export interface BodyReader {
  piece(bytes: Buffer): void;
  /** All of it was there. */
  end(): void;
  /** The connection is gone, and the rest of it with that. */
  lost(): void;
}

/** One request of a client, and its answer: what is asked of a server here, whichever it is. */
export interface ClientCall {
  readonly method: string;
  /** Names and values by turns, as they came. */
  readonly rawHeaders: readonly string[];
  header(name: LookedUpHeader): string | undefined;
  /** The body where all of it came with its head, and is kept by whoever takes it; null: `readBody` brings it. */
  takeWholeBody(): Buffer | null;
  /** Asks for the body of a client that waits to be asked (RFC 9110 §10.1.1). */
  letBodyCome(): void;
  /** From here on what comes of the body goes there: called again, to the new one alone. */
  readBody(reader: BodyReader): void;

  readonly headersSent: boolean;
  /** Of the answer; says something once its head was written. */
  readonly status: number;
  /** Whether all of the answer was handed to the operating system. */
  readonly finished: boolean;
  /** Whether nothing more can be said: the answer is finished, or its connection is gone. */
  readonly closed: boolean;
  /** Bytes that its connection has taken so far; null while the answer to an earlier request is under way on it. */
  readonly taken: number | null;
  /** @param headers names and values by turns. Goes out with the first bytes of the body */
  writeHead(status: number, headers: string[]): void;
  /** @returns false when the client cannot take more: wait for `onceDrained` */
  write(bytes: Buffer | string): boolean;
  onceDrained(goOn: () => void): void;
  end(bytes?: Buffer | string): void;
  /** Never from within a call of a method here. */
  onceClosed(listener: () => void): void;
  /** Lets the connection end with this answer; no effect once its head is written. */
  endConnection(): void;
  /** Breaks the answer off, which nobody can take for a whole one. */
  cutOff(): void;
  /** Ends the connection, whatever is on it. */
  hangUp(): void;
}
