import type { SessionJson } from '@wakefield/contracts';
import { AppError } from '@wakefield/domain';
import type { Response } from 'express';
import type { ApiDeps } from '../../deps.ts';
import type { Binder } from '../../http/bind.ts';
import { escapeHtml } from '../../http/escape-html.ts';
import { redirect, refuseOtherSites } from '../operations/operator.ts';

type SignInDeps = Pick<ApiDeps, 'signIn' | 'browsers' | 'logger'>;

const pagePolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/** Browsers sign in and out; everything that decides about it is in packages/auth. */
export function signInRoutes({ bind }: Binder, { signIn, browsers, logger }: SignInDeps): void {
  const configured = () => {
    if (signIn !== null) return signIn;
    throw new AppError('not_found', 'Signing in with a browser is not configured here.');
  };

  bind('signIn', async (req, res) => {
    const { issuer, return_to: returnTo } = req.query;
    const wish = {
      ...(typeof issuer === 'string' ? { issuer } : {}),
      ...(typeof returnTo === 'string' ? { returnTo } : {}),
    };
    go(res, await configured().begin(wish, req.headers.cookie));
  });

  bind('signInCallback', async (req, res) => {
    const query = queryOf(req.originalUrl);
    const issuer = String(req.params.issuer);
    try {
      go(res, await configured().finish({ issuer, query }, req.headers.cookie));
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'SignInError') throw error;
      logger.info({ err: error }, 'a browser was not signed in');
      res.status(400).set('Content-Security-Policy', pagePolicy);
      res.type('html').send(problemPage(error.message));
    }
  });

  bind('session', async (req, res) => {
    const principal = (await browsers?.identify(req.headers.cookie)) ?? null;
    const body: SessionJson = {
      sign_in: (signIn?.issuers ?? []).map(({ name, title }) => ({ name, title })),
      user:
        principal === null
          ? null
          : {
              id: principal.id,
              grants: principal.grants.map(({ project, role }) => ({ project, role })),
            },
    };
    res.json(body);
  });

  bind('signOut', async (req, res) => {
    refuseOtherSites(req);
    if (signIn === null) {
      redirect(res, '/swagger/index.html');
      return;
    }
    try {
      go(res, await signIn.end(req.headers.cookie));
    } catch (error) {
      // Whoever sits down here next must not be this person, whatever cannot be reached now.
      for (const cookie of signIn.forget) res.append('Set-Cookie', cookie);
      throw error;
    }
  });
}

/** As it came, with every further `?` (RFC 3986 §3.4). */
function queryOf(url: string): string {
  const at = url.indexOf('?');
  return at === -1 ? '' : url.slice(at + 1);
}

function go(
  res: Response,
  { location, cookies }: { readonly location: string; readonly cookies: readonly string[] },
): void {
  for (const cookie of cookies) res.append('Set-Cookie', cookie);
  redirect(res, location);
}

function problemPage(words: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Wakefield: not signed in</title>
<style>
:root { color-scheme: light dark; font-family: system-ui, sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: Canvas; color: CanvasText; }
main { width: min(32rem, 90vw); }
</style>
</head>
<body>
<main>
<h1>You are not signed in</h1>
<p role="alert">${escapeHtml(words)}</p>
<p><a href="/auth/login">Begin again</a> or go to <a href="/swagger/index.html">the API</a>.</p>
</main>
</body>
</html>
`;
}
