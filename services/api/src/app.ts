import { endpoints } from '@wakefield/contracts';
import { answerBuckets } from '@wakefield/runtime';
import express, { type Express } from 'express';
import type { ApiDeps } from './deps.ts';
import { commandRoutes } from './features/commands/routes.ts';
import { docsRoutes } from './features/docs/routes.ts';
import { healthRoutes } from './features/health/routes.ts';
import { modelRoutes } from './features/models/routes.ts';
import { operationsRoutes } from './features/operations/routes.ts';
import { projectRoutes } from './features/projects/routes.ts';
import { recipeRoutes } from './features/recipes/routes.ts';
import { serviceLogRoutes } from './features/services/logs/routes.ts';
import { serviceRoutes } from './features/services/routes.ts';
import { signInRoutes } from './features/sign-in/routes.ts';
import { usageRoutes } from './features/usage/routes.ts';
import { authenticate } from './http/authenticate.ts';
import { createBinder } from './http/bind.ts';
import { handleError } from './http/handle-error.ts';
import { identifyRequest, refuseUnclearHeads } from './http/identify-request.ts';
import { recordRequest } from './http/record-request.ts';
import { refuseOtherMethods, refuseUnknownPaths } from './http/refuse.ts';

/** What the proxy answers itself is documented here, but not served here. */
const served = endpoints.filter(({ tag, atTheDoor }) => tag === 'About' || atTheDoor !== true);

/** The HTTP application. The order is the story: ids, record, what is open, who calls, what is theirs, refusals. */
export function createApp(deps: ApiDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.use(identifyRequest());
  app.use(recordRequest({ logger: deps.logger, ...requestMetrics(deps.metrics) }));
  app.use(refuseUnclearHeads());

  const binder = createBinder(app);
  healthRoutes(binder, deps.version);
  docsRoutes(app, binder, deps);
  signInRoutes(binder, deps);
  operationsRoutes(app, binder, deps);
  app.use(refuseOtherMethods(served.filter(({ open }) => open === true)));

  app.use(authenticate(deps));
  projectRoutes(binder, deps);
  modelRoutes(binder, deps);
  commandRoutes(binder, deps);
  usageRoutes(binder, deps);
  recipeRoutes(binder, deps);
  serviceRoutes(binder, deps);
  serviceLogRoutes(binder, deps);

  app.use(refuseOtherMethods(served));
  app.use(refuseUnknownPaths());
  app.use(handleError());
  return app;
}

function requestMetrics(metrics: ApiDeps['metrics']) {
  return {
    requests: metrics.counter({
      name: 'wakefield_http_requests_total',
      help: 'Answered requests by route and status; 499 where the client went away.',
      labelNames: ['route', 'code'],
    }),
    durations: metrics.histogram({
      name: 'wakefield_http_request_duration_seconds',
      help: 'Time to the end of the answer.',
      labelNames: ['route'],
      buckets: [...answerBuckets],
    }),
  };
}
