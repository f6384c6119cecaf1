import { type Endpoint, endpoints, noQuery, parseInput } from '@wakefield/contracts';
import type { IRouter, NextFunction, Request, RequestHandler, Response } from 'express';
import { checkAccess } from './authorize.ts';
import { contextOf } from './context.ts';
import { readForm, readJson } from './read-body.ts';

type Handler = (req: Request, res: Response, next: NextFunction) => Promise<void> | void;

/** Attaches handlers to operations of the contract. */
export interface Binder {
  /**
   * Path, method and body type come from the contract, so what is served is what is documented.
   * @throws when the contract has no such operation
   */
  bind(operationId: string, handler: Handler): void;
}

export function createBinder(router: IRouter): Binder {
  return {
    bind(operationId, handler) {
      const endpoint = endpoints.find((candidate) => candidate.operationId === operationId);
      if (endpoint === undefined) throw new Error(`the contract has no operation ${operationId}`);
      const label: RequestHandler = (_req, res, next) => {
        contextOf(res).route = operationId;
        next();
      };
      const checks = [
        ...[label, ...checkAccess(endpoint)],
        ...[...queryCheck(endpoint), ...bodyReader(endpoint)],
      ];
      router[endpoint.method](expressPath(endpoint.path), ...checks, handler);
    },
  };
}

/** A misspelt parameter is refused, also where none is taken. Pages for people take whatever comes. */
function queryCheck({ tag, query = noQuery }: Endpoint): readonly RequestHandler[] {
  if (tag === 'About' || tag === 'Operations' || tag === 'Sign-in') return [];
  return [
    (req, _res, next) => {
      parseInput(query, req.query, 'query');
      next();
    },
  ];
}

function bodyReader({ body }: Endpoint): readonly RequestHandler[] {
  if (body === undefined) return [];
  return [body.contentType === undefined ? readJson() : readForm()];
}

/** `{name}` to `:name`; model ids and names of recipes may span segments. */
function expressPath(template: string): string {
  return template
    .replaceAll(/\{(hf_model_id|recipe_path)\}/g, '*$1')
    .replaceAll(/\{(\w+)\}/g, ':$1');
}

/** A path parameter as text; one that spans segments is joined again. */
export function pathText(req: Request, name: string): string | undefined {
  const value: unknown = req.params[name];
  return Array.isArray(value) ? value.join('/') : (value as string | undefined);
}
