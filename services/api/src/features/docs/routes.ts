import { buildOpenApiDocument } from '@wakefield/contracts';
import type { IRouter } from 'express';
import swaggerUi from 'swagger-ui-express';
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
export function docsRoutes(router: IRouter, { bind }: Binder, version: string): void {
  const document = buildOpenApiDocument(version);
  const json = JSON.stringify(document);
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
