import { readFile } from 'node:fs/promises';
import { ClusterError } from '@wakefield/control';
import { z } from 'zod';
import type { HeappeConfig } from '../config/heappe.ts';
import { type ClusterApi, createClusterApi } from './api/clusters.ts';
import { createFileApi, type FileApi } from './api/files.ts';
import { createJobApi, type JobApi } from './api/jobs.ts';
import { createTemplateApi, type TemplateApi } from './api/templates.ts';
import { createTransferApi, type TransferApi } from './api/transfers.ts';
import { checkLength } from './byte-limits.ts';
import {
  createExchange,
  type Exchange,
  type HeappeRequest,
  type OpenAnswer,
  type QueryValue,
} from './exchange.ts';
import { HeappeError, parseJson } from './failures.ts';
import { type Features, featuresOf } from './features.ts';
import { createSignIn, type Identity } from './sign-in.ts';

/** What a client has to know of its instance. */
export type ClientConfig = Pick<
  HeappeConfig,
  'url' | 'caFile' | 'credential' | 'version' | 'timeouts'
>;

export interface ClientDeps {
  readonly onRoundTrip?: ((path: string) => void) | undefined;
  /** Absent: a clock that only goes forward. Milliseconds. */
  readonly elapsed?: () => number;
}

/** A HEAppE instance, signed in to. Every call is bounded in time and throws ClusterErrors, most of them HeappeErrors. */
export interface HeappeClient {
  /** What it says to anybody; null: it does not (before 6.2). */
  health(signal: AbortSignal): Promise<Health | null>;
  /** As it reports it, or as configured; kept for some minutes. */
  version(signal: AbortSignal): Promise<string>;
  features(signal: AbortSignal): Promise<Features>;
  /** Signs in, if it is not. @throws ClusterError misconfigured, when it is told no */
  signIn(): Promise<void>;
  /** For errors that come inside of an answer of status 200: the next call signs in anew. */
  signOut(): Promise<void>;
  readonly clusters: ClusterApi;
  readonly templates: TemplateApi;
  readonly jobs: JobApi;
  readonly files: FileApi;
  readonly transfers: TransferApi;
  close(): Promise<void>;
}

/** One typed call: what goes in as JSON, what has to come out. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, QueryValue>>;
  /** `SessionCode` is added. */
  readonly body?: Readonly<Record<string, unknown>>;
  /** Instead of `body`: sent as it is, with these headers. */
  readonly raw?: { readonly body: Buffer; readonly headers: Readonly<Record<string, string>> };
  /** Until the answer is complete. Absent: that of commands; null: as long as it takes. */
  readonly timeoutMs?: number | null;
}

/** How the parts of the client talk. */
export interface Wire {
  json<T>(call: Call, schema: z.ZodType<T>, signal: AbortSignal): Promise<T>;
  open(call: Call, signal: AbortSignal): Promise<OpenAnswer>;
  features(signal: AbortSignal): Promise<Features>;
  readonly timeouts: HeappeConfig['timeouts'];
}

/** RestApi HealthExt. */
const healthAnswer = z.object({
  IsHealthy: z.boolean(),
  Version: z.string().nullish(),
  InstanceIdentifier: z.string().nullish(),
  Component: z
    .object({
      Database: z.object({ IsHealthy: z.boolean() }).nullish(),
      Vault: z.object({ IsHealthy: z.boolean() }).nullish(),
    })
    .nullish(),
});

export type Health = z.output<typeof healthAnswer>;

const versionAnswer = z.object({ Version: z.string() });

/** An instance is upgraded while we run. */
const VERSION_GOOD_FOR_MS = 300_000;

export function createHeappeClient(config: ClientConfig, deps: ClientDeps = {}): HeappeClient {
  const elapsed = deps.elapsed ?? (() => performance.now());
  const { timeouts } = config;
  let exchange: Promise<Exchange> | null = null;
  let version: { readonly text: string; readonly at: number } | null = null;

  const connected = (): Promise<Exchange> => {
    exchange ??= openExchange(config, deps);
    return exchange;
  };
  const lazily: Exchange = {
    text: async (...args) => (await connected()).text(...args),
    open: async (...args) => (await connected()).open(...args),
    close: async () => (await exchange)?.close(),
  };
  const signIn = createSignIn(config.credential, lazily, publicFeatures, timeouts.command);

  async function health(signal: AbortSignal): Promise<Health | null> {
    const call = { method: 'GET', path: 'Health', timeoutMs: timeouts.command } as const;
    try {
      return parsed('Health', healthAnswer, await lazily.text('Health', call, signal));
    } catch (error) {
      if (error instanceof HeappeError && (error.status === 404 || error.status === 401))
        return null;
      throw error;
    }
  }

  /** @returns null when it does not tell strangers */
  async function publicVersion(signal: AbortSignal): Promise<string | null> {
    if (config.version !== null) return config.version;
    if (version !== null && elapsed() - version.at < VERSION_GOOD_FOR_MS) return version.text;
    const text = (await health(signal))?.Version ?? null;
    if (text !== null) version = { text, at: elapsed() };
    return text;
  }

  async function publicFeatures(signal: AbortSignal): Promise<Features | null> {
    const text = await publicVersion(signal);
    return text === null ? null : featuresOf(text);
  }

  async function currentVersion(signal: AbortSignal): Promise<string> {
    const told = await publicVersion(signal);
    if (told !== null) return told;
    const call: Call = { method: 'GET', path: 'Management/VersionInformation' };
    const { Version } = parsed(
      call.path,
      versionAnswer,
      await signedIn(call, lazily.text, null, signal),
    );
    version = { text: Version, at: elapsed() };
    return Version;
  }

  const features = async (signal: AbortSignal) => featuresOf(await currentVersion(signal));

  /** Calls with our identity; once more with a new one when it is told that this one is no good (any more). */
  async function signedIn<T>(
    call: Call,
    send: (action: string, request: HeappeRequest, signal: AbortSignal) => Promise<T>,
    known: Features | null,
    signal: AbortSignal,
  ): Promise<T> {
    const identity = await signIn.identity();
    try {
      return await send(call.path, assemble(call, identity, known, timeouts.command), signal);
    } catch (error) {
      if (!(error instanceof HeappeError) || error.status !== 401) throw error;
      signIn.drop(identity);
    }
    return await send(
      call.path,
      assemble(call, await signIn.identity(), known, timeouts.command),
      signal,
    );
  }

  const wire: Wire = {
    timeouts,
    features,
    async json(call, schema, signal) {
      const text = await signedIn(call, lazily.text, await features(signal), signal);
      return parsed(call.path, schema, text);
    },
    open: async (call, signal) => signedIn(call, lazily.open, await features(signal), signal),
  };

  return {
    health,
    version: currentVersion,
    features,
    signIn: async () => void (await signIn.identity()),
    signOut: async () => signIn.drop(await signIn.identity()),
    clusters: createClusterApi(wire),
    templates: createTemplateApi(wire),
    jobs: createJobApi(wire),
    files: createFileApi(wire),
    transfers: createTransferApi(wire),
    close: () => lazily.close(),
  };
}

/** @param features null: the call's length needs no check */
function assemble(
  call: Call,
  { headers, sessionCode }: Identity,
  features: Features | null,
  timeoutMs: number,
): HeappeRequest {
  const { method, path, query, body, raw } = call;
  const json =
    body === undefined
      ? undefined
      : JSON.stringify(sessionCode === null ? body : { ...body, SessionCode: sessionCode });
  if (json !== undefined && features !== null) checkLength(path, json, features);
  const code = body === undefined && sessionCode !== null ? { SessionCode: sessionCode } : {};
  const content = raw?.body ?? json;
  return {
    method,
    path,
    query: { ...query, ...code },
    headers: { ...raw?.headers, ...headers },
    ...(content === undefined ? {} : { body: content }),
    timeoutMs: call.timeoutMs === undefined ? timeoutMs : call.timeoutMs,
  };
}

function parsed<T>(action: string, schema: z.ZodType<T>, text: string): T {
  const result = schema.safeParse(text === '' ? null : parseJson(text));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue === undefined ? '' : ` (${issue.path.join('.')}: ${issue.message})`;
  throw new HeappeError('unreachable', `${action}: the answer is not what HEAppE answers${where}`);
}

async function openExchange(
  { url, caFile, timeouts }: ClientConfig,
  deps: ClientDeps,
): Promise<Exchange> {
  const ca = caFile === null ? null : await authorities(caFile);
  return createExchange({
    url,
    ca,
    connectTimeoutMs: timeouts.connect,
    onRoundTrip: deps.onRoundTrip,
  });
}

async function authorities(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new ClusterError('misconfigured', `${file} cannot be read: ${code ?? message}`, error);
  }
}
