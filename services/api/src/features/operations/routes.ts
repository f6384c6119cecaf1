import { endpoints } from '@wakefield/contracts';
import type { IRouter, Request, Response } from 'express';
import type { ApiDeps } from '../../deps.ts';
import type { Binder } from '../../http/bind.ts';
import { contextOf } from '../../http/context.ts';
import { refuseOtherMethods, refuseUnknownPaths } from '../../http/refuse.ts';
import { dropForeignStyles } from './board-page.ts';
import { loginPage, loginPagePolicy } from './login-page.ts';
import { redirect, refuseOtherSites, requireOperator } from './operator.ts';

export type OperationsDeps = Pick<
  ApiDeps,
  'identifier' | 'browsers' | 'signIn' | 'clock' | 'operations'
>;

/** Bull Board's page holds its settings in a script element and takes its styles and icons from itself. */
const boardPolicy =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; frame-ancestors 'none'";

/** Queue dashboard and figures. They have their own way in, because browsers send no bearer header. */
export function operationsRoutes(router: IRouter, { bind }: Binder, deps: OperationsDeps): void {
  const { identifier, browsers, clock, operations } = deps;
  const { login } = operations;
  const operator = requireOperator({ identifier, browsers, clock, login });
  const showForm = formOf(deps);

  bind('loginForm', (_req, res) => showForm(res, 200, null));

  bind('login', async (req, res) => {
    refuseOtherSites(req);
    const address = addressOf(req);
    const waitSeconds = await operations.attempts.begin(address);
    if (waitSeconds > 0) {
      res.set('Retry-After', String(waitSeconds));
      showForm(res, 429, `Too many attempts. Try again in ${waitSeconds} s.`);
      return;
    }
    const { key } = (req.body ?? {}) as { readonly key?: unknown };
    // The static key alone: a token of an issuer ends much sooner than this login does.
    if (login === null || typeof key !== 'string' || !operations.isKey(key)) {
      showForm(res, 401, 'This key is not known, or may not see the queues.');
      return;
    }
    await operations.attempts.succeeded(address);
    res.append('Set-Cookie', login.issue('local', clock.now()));
    redirect(res, '/ops/queues');
  });

  bind('logout', (req, res) => {
    refuseOtherSites(req);
    if (login !== null) res.append('Set-Cookie', login.clear());
    redirect(res, '/ops/login');
  });

  router.use('/ops/queues.json', operator);
  bind('queueFigures', async (_req, res) => {
    res.json(await operations.figures());
  });

  router.use(
    '/ops/queues',
    (_req, res, next) => {
      contextOf(res).route = 'queueDashboard';
      next();
    },
    operator,
    (_req, res, next) => {
      res.set('Content-Security-Policy', boardPolicy);
      next();
    },
    dropForeignStyles(),
    // A router of Express answers OPTIONS by itself, in plain text.
    (req, res, next) => (req.method === 'OPTIONS' ? next() : operations.board(req, res, next)),
  );
  router.get('/ops', (_req, res) => redirect(res, '/ops/queues'));
  // Who came in by a cookie has no key to show further down.
  router.use(refuseOtherMethods(endpoints.filter(({ tag }) => tag === 'Operations')));
  router.use('/ops/queues', refuseUnknownPaths());
}

/** Where the chain of proxies says that it began; the proxy in front lets nobody else say that. */
function addressOf({ headers, socket }: Request): string {
  const [first] = String(headers['x-forwarded-for'] ?? socket.remoteAddress ?? '').split(',');
  return (first ?? '').trim().slice(0, 100);
}

function formOf({ signIn, operations }: OperationsDeps) {
  const ways = { key: operations.login !== null, issuers: signIn?.issuers ?? [] };
  return (res: Response, status: number, problem: string | null): void => {
    res.status(status).set('Content-Security-Policy', loginPagePolicy);
    res.type('html').send(loginPage(problem, ways));
  };
}
