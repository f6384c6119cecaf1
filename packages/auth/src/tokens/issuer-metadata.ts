import { isAppError } from '@wakefield/domain';
import {
  allowInsecureRequests,
  type ClientAuth,
  Configuration,
  customFetch,
  discovery,
  None,
  ResponseBodyError,
  type ServerMetadata,
  WWWAuthenticateChallengeError,
} from 'openid-client';
import type { OwnClient } from '../config/load-auth-file.ts';
import { isSafeUrl } from '../config/schema.ts';
import type { Fetch } from '../http/bounded-fetch.ts';
import { unavailable } from '../refusals.ts';
import type { Watched } from '../trouble.ts';

/** After an answer or a failure the issuer is left alone for so long; who asks meanwhile hears of that failure. */
const restMs = 2000;

/** What an issuer says of itself (OpenID Connect Discovery 1.0), asked once and kept. */
export interface IssuerMetadata {
  /** @throws AppError `issuer_unavailable` */
  read(): Promise<ServerMetadata>;
  /** Its side of a client of ours. @throws AppError `issuer_unavailable` */
  configurationOf(client: OwnClient): Promise<Configuration>;
  /** Asks again next time, unless that was just done: what it said may lead nowhere any more. */
  forget(): void;
  /** {@link forget}, where an endpoint did not answer as such; what it refuses it is there to refuse. */
  doubt(error: unknown): void;
}

export interface IssuerMetadataOptions {
  readonly issuer: string;
  readonly timeoutMs: number;
  readonly fetch: Fetch;
  readonly watched: Watched;
  readonly now: () => number;
}

export function createIssuerMetadata(options: IssuerMetadataOptions): IssuerMetadata {
  const { issuer, timeoutMs, watched, now } = options;
  const ownFetch: CustomFetch = (url, init) => options.fetch(url, init as RequestInit, timeoutMs);
  const isPlain = new URL(issuer).protocol === 'http:';
  let known: ServerMetadata | null = null;
  let knownAt = Number.NEGATIVE_INFINITY;
  let asking: Promise<ServerMetadata> | null = null;
  let failure: { readonly at: number; readonly cause: unknown } | null = null;

  const discovered = async (): Promise<ServerMetadata> => {
    // It refuses what calls itself by another name than the one that it was asked for.
    const found = await discovery(new URL(issuer), 'wakefield', undefined, None(), {
      [customFetch]: ownFetch,
      execute: isPlain ? [allowInsecureRequests] : [],
      timeout: timeoutMs / 1000,
    });
    return checked(found.serverMetadata(), isPlain);
  };
  const ask = async (): Promise<ServerMetadata> => {
    try {
      known = await watched(discovered);
      knownAt = now();
      failure = null;
      return known;
    } catch (cause) {
      failure = { at: now(), cause };
      throw unavailable(cause);
    } finally {
      asking = null;
    }
  };
  const forget = (): void => {
    if (now() - knownAt >= restMs) known = null;
  };
  const read = async (): Promise<ServerMetadata> => {
    if (known !== null) return known;
    if (failure !== null && now() - failure.at < restMs) throw unavailable(failure.cause);
    asking ??= ask();
    return await asking;
  };

  return {
    read,
    configurationOf: async ({ clientId, auth }) => {
      const made = new Configuration(await read(), clientId, undefined, auth as ClientAuth);
      made[customFetch] = ownFetch;
      made.timeout = timeoutMs / 1000;
      if (isPlain) allowInsecureRequests(made);
      return made;
    },
    forget,
    doubt: (error) => {
      const isAnswer =
        error instanceof ResponseBodyError || error instanceof WWWAuthenticateChallengeError;
      if (!isAnswer && !isAppError(error)) forget();
    },
  };
}

type CustomFetch = NonNullable<Configuration[typeof customFetch]>;

/** Wherever we carry a secret or take keys from is as safe as the issuer itself has to be. */
function checked(metadata: ServerMetadata, isPlain: boolean): ServerMetadata {
  const places = [
    metadata.jwks_uri,
    metadata.introspection_endpoint,
    metadata.token_endpoint,
    metadata.revocation_endpoint,
    metadata.authorization_endpoint,
    metadata.end_session_endpoint,
  ];
  for (const place of places)
    if (place !== undefined && !(isSafeUrl(place) && (isPlain || place.startsWith('https:'))))
      throw new Error('the issuer names an endpoint that is no https URL');
  return metadata;
}
