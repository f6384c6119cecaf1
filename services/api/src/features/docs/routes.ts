import { buildOpenApiDocument, type OpenApiDocument } from '@wakefield/contracts';
import type { IRouter } from 'express';
import swaggerUi from 'swagger-ui-express';
import type { ApiDeps } from '../../deps.ts';
import type { Binder } from '../../http/bind.ts';
import { contextOf } from '../../http/context.ts';
import { signInScript } from './sign-in-script.ts';

/** Swagger UI keeps its styles in the page and its icons in data URLs. */
const pagePolicy =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

const options: swaggerUi.SwaggerUiOptions = {
  customJs: '/swagger/sign-in.js',
  customSiteTitle: 'Wakefield API',
  swaggerOptions: {
    // The key of an installation does not belong into a browser's storage.
    persistAuthorization: false,
    displayRequestDuration: true,
    defaultModelsExpandDepth: 0,
    docExpansion: 'list',
    tryItOutEnabled: true,
  },
};

/** The API document as JSON, and Swagger UI over it. Built once; the contract does not change while we run. */
export function docsRoutes(
  router: IRouter,
  { bind }: Binder,
  { version, signIn }: Pick<ApiDeps, 'version' | 'signIn'>,
): void {
  const published = buildOpenApiDocument(version);
  const json = JSON.stringify(published);
  const document = forPage(published, signIn !== null);
  const page = swaggerUi.generateHTML(document, options);
  bind('openapi', (_req, res) => {
    res.set({ 'Cache-Control': 'no-cache', 'Access-Control-Allow-Origin': '*' });
    res.type('application/json').send(json);
  });
  bind('swagger', (_req, res) => {
    res.set({ 'Content-Security-Policy': pagePolicy, 'Cache-Control': 'no-cache' });
    res.type('html').send(page);
  });
  router.get(['/', '/swagger', '/docs'], (req, res, next) => {
    // Someone who opens the bare address in a browser wants to see something; a program is told 401 or 404.
    if (req.path === '/' && req.accepts(['json', 'html']) !== 'html') {
      next();
      return;
    }
    contextOf(res).route = 'swagger';
    res.status(302).location('/swagger/index.html').end();
  });
  // Beside the page is where many look for it.
  router.get('/swagger/openapi.json', (_req, res) => {
    contextOf(res).route = 'openapi';
    res.set('Access-Control-Allow-Origin', '*');
    res.status(302).location('/openapi.json').end();
  });
  router.get('/swagger/sign-in.js', (_req, res) => {
    contextOf(res).route = 'swagger';
    res.type('js').set('Cache-Control', 'no-cache').send(signInScript);
  });
  router.use(
    '/swagger',
    (_req, res, next) => {
      contextOf(res).route = 'swagger';
      res.set({ 'Content-Security-Policy': pagePolicy });
      res.removeHeader('Cache-Control');
      next();
    },
    ...swaggerUi.serveFiles(document, options),
  );
}

/**
 * Without the cookies among the ways in: no script can send them, so that whoever types one into "Authorize" would only
 * seem to be authorized. A browser sends them by itself.
 */
function forPage(document: OpenApiDocument, hasSignIn: boolean): OpenApiDocument {
  const { bearer } = document.components.securitySchemes;
  const words = hasSignIn
    ? 'Or leave this, and [sign in](/auth/login): what is tried out here then goes along with your session by itself.'
    : '';
  const { description } = bearer as { readonly description: string };
  return {
    ...document,
    paths: mapValues(document.paths, (path) => mapValues(path, withBearerAlone)),
    components: {
      ...document.components,
      securitySchemes: {
        bearer: { ...(bearer as object), description: `${description}\n\n${words}`.trim() },
      },
    },
  };
}

function withBearerAlone(operation: unknown): unknown {
  const { security } = operation as { readonly security?: readonly object[] };
  if (security === undefined) return operation;
  const left = security.filter((one) => Object.keys(one).every((name) => name === 'bearer'));
  return { ...(operation as object), security: left };
}

function mapValues<T, R>(
  values: Readonly<Record<string, T>>,
  make: (value: T) => R,
): Record<string, R> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, make(value)]));
}
