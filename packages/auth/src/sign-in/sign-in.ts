import type { Log, SessionStore } from '@wakefield/control';
import { AppError, isAppError } from '@wakefield/domain';
import {
  AuthorizationResponseError,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client';
import type { OwnClient } from '../config/load-auth-file.ts';
import { plainError } from '../plain-error.ts';
import type { Issuer } from '../tokens/issuer.ts';
import type { TokenIdentifier } from '../tokens/token-identifier.ts';
import type { Cookie } from './cookie.ts';
import { revoke, signOutPlace } from './leave-issuer.ts';
import { returnPath } from './return-path.ts';
import type { Session, Sessions } from './sessions.ts';
import { createWays, type Way } from './way.ts';

/** What a browser is told: where to go, and what to remember. */
export interface Step {
  readonly location: string;
  readonly cookies: readonly string[];
}

/** Signs browsers in and out: authorization code with PKCE (RFC 6749 §4.1, RFC 7636), RP-initiated logout. */
export interface SignIn {
  /** Where a browser can sign in, in the order of the configuration. */
  readonly issuers: readonly { readonly name: string; readonly title: string }[];
  /** @throws AppError `not_found` for an issuer of another name, `issuer_unavailable` */
  begin(
    wish: { readonly issuer?: string; readonly returnTo?: string },
    cookieHeader: string | undefined,
  ): Promise<Step>;
  /**
   * @param answer the issuer that the path names, `/auth/callback/<issuer>`, and the query as it came
   * @throws {SignInError} with words for the person
   */
  finish(
    answer: { readonly issuer: string; readonly query: string },
    cookieHeader: string | undefined,
  ): Promise<Step>;
  end(cookieHeader: string | undefined): Promise<Step>;
  /** Cookies by which a browser forgets that it has signed in, though nobody else can be told. */
  readonly forget: readonly string[];
}

const notBegun = 'This browser did not begin to sign in here, or took too long. Begin again.';

/** It did not work. The message is for the person at the browser and holds nothing that came from outside. */
class SignInError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'SignInError';
  }
}

export interface SignInDeps {
  readonly publicUrl: string;
  readonly issuers: readonly Issuer[];
  readonly tokens: TokenIdentifier;
  readonly store: SessionStore;
  readonly sessions: Sessions;
  readonly cookie: Cookie;
  /** Of a browser that is on its way to the issuer and back. */
  readonly wayCookie: Cookie;
  readonly lifetimeSeconds: number;
  readonly now: () => number;
  readonly log: Log;
}

export function createSignIn(deps: SignInDeps): SignIn {
  const { sessions, cookie } = deps;
  const able = deps.issuers.flatMap((issuer) =>
    issuer.config.signIn === null ? [] : [{ issuer, client: issuer.config.signIn }],
  );
  const named = (name: string) => able.find(({ issuer }) => issuer.config.name === name);
  const ways = createWays(deps.store, deps.wayCookie, deps.now);
  // One of its own for each, so that no issuer can have another's answer sent to it (RFC 9700 §4.4).
  const redirectUriOf = (name: string) => `${deps.publicUrl}/auth/callback/${name}`;

  return {
    issuers: able.map(({ issuer: { config } }) => ({ name: config.name, title: config.title })),
    forget: [cookie.clear()],
    begin: async ({ issuer: wished, returnTo }, cookieHeader) => {
      const chosen = wished === undefined ? able[0] : named(wished);
      if (chosen === undefined) throw new AppError('not_found', 'There is no such issuer.');
      const { name } = chosen.issuer.config;
      const configuration = await chosen.issuer.metadata.configurationOf(chosen.client);
      const verifier = randomPKCECodeVerifier();
      const [state, nonce] = [randomState(), randomNonce()];
      const location = buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUriOf(name),
        scope: chosen.client.scopes.join(' '),
        code_challenge: await calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        nonce,
      });
      const begun = { issuer: name, state, nonce, verifier, returnTo: returnPath(returnTo) };
      return { location: location.href, cookies: [await ways.begin(begun, cookieHeader)] };
    },
    finish: async ({ issuer: name, query }, cookieHeader) => {
      const found = await ways.finish(new URLSearchParams(query).get('state'), cookieHeader);
      if (found?.way.issuer !== name) throw new SignInError(notBegun);
      const chosen = named(name);
      if (chosen === undefined) throw new SignInError('This way in is not configured any more.');
      const answer = new URL(`${redirectUriOf(name)}?${query}`);
      const session = await exchange(deps, chosen, found.way, answer);
      // Whoever had signed in here before has gone.
      for (const before of cookie.values(cookieHeader)) await sessions.end(before);
      const word = await sessions.begin(session);
      return {
        location: found.way.returnTo,
        cookies: [found.cookie, cookie.set(word, deps.lifetimeSeconds)],
      };
    },
    end: async (cookieHeader) => {
      let location = returnPath(null);
      for (const word of cookie.values(cookieHeader)) {
        const session = await sessions.end(word);
        const chosen = session === null ? undefined : named(session.issuer);
        if (session !== null && chosen !== undefined)
          location = (await leaveIssuer(deps, chosen, session)) ?? location;
      }
      return { location, cookies: [cookie.clear()] };
    },
  };
}

interface Chosen {
  readonly issuer: Issuer;
  readonly client: OwnClient;
}

async function exchange(
  { tokens, now, lifetimeSeconds, log }: SignInDeps,
  { issuer, client }: Chosen,
  kept: Way,
  answer: URL,
): Promise<Session> {
  const configuration = await issuer.metadata.configurationOf(client);
  const at = now();
  try {
    const given = await authorizationCodeGrant(configuration, answer, {
      pkceCodeVerifier: kept.verifier,
      expectedState: kept.state,
      expectedNonce: kept.nonce,
      idTokenExpected: true,
    });
    // The session can do what the token can do, and nothing else: one way of judging for everybody.
    if ((await tokens.ofToken(given.access_token, kept.issuer)) === null)
      throw new SignInError('The issuer gave out an access token that is not accepted here.');
    return {
      issuer: kept.issuer,
      accessToken: given.access_token,
      refreshToken: given.refresh_token ?? null,
      expiresAt: at + (given.expires_in ?? 60) * 1000,
      endsAt: at + lifetimeSeconds * 1000,
    };
  } catch (error) {
    issuer.metadata.doubt(error);
    log.warn({ err: plainError(error), issuer: kept.issuer }, 'signing in failed');
    throw toSignInError(error);
  }
}

function toSignInError(error: unknown): unknown {
  if (error instanceof SignInError) return error;
  if (isAppError(error)) {
    if (error.code !== 'invalid_api_key') return error;
    const words = 'You are signed in, but your access token is not accepted here';
    return new SignInError(
      `${words}: ${error.message} The operator finds what to do in docs/auth.md.`,
      error,
    );
  }
  if (error instanceof AuthorizationResponseError)
    return new SignInError('The issuer did not let you in.', plainError(error));
  return new SignInError('The issuer did not confirm the sign-in. Begin again.', plainError(error));
}

/** The token that could make new ones is taken back at once; the rest the person does at the issuer's page. */
async function leaveIssuer(
  { publicUrl, log }: SignInDeps,
  { issuer: { config, metadata }, client }: Chosen,
  { refreshToken }: Session,
): Promise<string | null> {
  try {
    if (refreshToken !== null) await revoke(metadata, client, refreshToken);
    return await signOutPlace(metadata, client, `${publicUrl}${returnPath(null)}`);
  } catch (error) {
    log.warn({ err: plainError(error), issuer: config.name }, 'signing out at the issuer failed');
    return null;
  }
}
