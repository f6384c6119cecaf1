import { readFile } from 'node:fs/promises';
import { ClusterError } from '@wakefield/control';
import { z } from 'zod';
import type { HeappeConfig } from '../config/heappe.ts';
import { type ClusterApi, createClusterApi } from './api/clusters.ts';
import { createFileApi, type FileApi } from './api/files.ts';
import { createJobApi, type JobApi } from './api/jobs.ts';
import { createTemplateApi, type TemplateApi } from './api/templates.ts';
import { createTransferApi, type TransferApi } from './api/transfers.ts';
import { createExchange, type Exchange, type HeappeRequest } from './exchange.ts';
import { HeappeError } from './failures.ts';
import { type Features, featuresOf } from './features.ts';
import { createSignIn, type Identity } from './sign-in.ts';
import { createVersionSource } from './version.ts';
import { assemble, type Call, isUnknownIdentity, parsed, type Wire } from './wire.ts';

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
  /** As it reports it, or as configured; asked anew every few minutes, beside the calls. */
  version(signal: AbortSignal): Promise<string>;
  features(signal: AbortSignal): Promise<Features>;
  /** Signs in, if it is not. @throws ClusterError misconfigured, when it is told no */
  signIn(): Promise<void>;
  /** Who we are now, for `signOut`; null: nobody. */
  identity(): Identity | null;
  /** For errors that come inside of an answer of status 200: the next call signs in anew, unless somebody has done so. */
  signOut(identity: Identity): void;
  readonly clusters: ClusterApi;
  readonly templates: TemplateApi;
  readonly jobs: JobApi;
  readonly files: FileApi;
  readonly transfers: TransferApi;
  close(): Promise<void>;
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

export function createHeappeClient(config: ClientConfig, deps: ClientDeps = {}): HeappeClient {
  const elapsed = deps.elapsed ?? (() => performance.now());
  const { timeouts } = config;
  let exchange: Promise<Exchange> | null = null;

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
  const version = createVersionSource({
    elapsed,
    publicly: async () => (await health(AbortSignal.timeout(timeouts.command)))?.Version ?? null,
    async signedIn() {
      const call: Call = { method: 'GET', path: 'Management/VersionInformation' };
      const signal = AbortSignal.timeout(timeouts.command);
      const text = await signedIn(call, lazily.text, null, signal);
      return parsed(call.path, versionAnswer, text).Version;
    },
  });

  async function health(signal: AbortSignal): Promise<Health | null> {
    const call = { method: 'GET', path: 'Health', timeoutMs: timeouts.command } as const;
    try {
      return parsed('Health', healthAnswer, await lazily.text('Health', call, signal));
    } catch (error) {
      // Not there, or not for strangers: of HEAppE, or of what is before it.
      if (error instanceof HeappeError && [401, 403, 404].includes(error.status ?? 0)) return null;
      throw error;
    }
  }

  async function publicFeatures(signal: AbortSignal): Promise<Features | null> {
    const text = config.version ?? (await version.toStrangers(signal));
    return text === null ? null : featuresOf(text);
  }

  const currentVersion = async (signal: AbortSignal) =>
    config.version ?? (await version.current(signal));
  const features = async (signal: AbortSignal) => featuresOf(await currentVersion(signal));

  /** Calls with our identity; once more with a new one when it is told that this one is no good (any more). */
  async function signedIn<T>(
    call: Call,
    send: (action: string, request: HeappeRequest, signal: AbortSignal) => Promise<T>,
    known: Features | null,
    signal: AbortSignal,
  ): Promise<T> {
    const sendAs = (identity: Identity) =>
      send(call.path, assemble(call, identity, known, timeouts.command), signal);
    const identity = await signIn.identity();
    try {
      return await sendAs(identity);
    } catch (error) {
      if (!isUnknownIdentity(error)) throw error;
      signIn.drop(identity);
    }
    try {
      return await sendAs(await signIn.identity());
    } catch (error) {
      if (!isUnknownIdentity(error) || error.status === 401) throw error;
      const { message, title, detail } = error;
      throw new HeappeError('misconfigured', message, { status: 401, title, detail }, error);
    }
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
    identity: () => signIn.current(),
    signOut: (identity) => signIn.drop(identity),
    clusters: createClusterApi(wire),
    templates: createTemplateApi(wire),
    jobs: createJobApi(wire),
    files: createFileApi(wire),
    transfers: createTransferApi(wire),
    close: () => lazily.close(),
  };
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
    throw new ClusterError(
      'misconfigured',
      `the ca file cannot be read: ${code ?? message}`,
      error,
    );
  }
}
