import { type Endpoint, modelParams } from '@wakefield/contracts';
import { AppError } from '@wakefield/domain';
import type { RequestHandler } from 'express';

/** For a path that the contract knows, reached with a method that it does not take: 405 with `Allow`. */
export function refuseOtherMethods(served: readonly Endpoint[]): RequestHandler {
  const patterns = served.map(({ path, method }) => ({ method, pattern: patternOf(path) }));
  return (req, res, next) => {
    const methods = patterns
      .filter(({ pattern }) => pattern.test(req.path))
      .map(({ method }) => method.toUpperCase());
    if (methods.length === 0) {
      next();
      return;
    }
    const allowed = [
      ...new Set(methods.flatMap((name) => (name === 'GET' ? [name, 'HEAD'] : [name]))),
    ]
      .sort()
      .join(', ');
    res.set('Allow', allowed);
    const hint = modelChange(req.method, req.path);
    throw new AppError(
      'method_not_allowed',
      `This path takes ${allowed}, not ${req.method}.${hint === null ? '' : ` Name the model in the body: ${hint}`}`,
    );
  };
}

/** The request that was meant by a change to the path of one model, which only shows it; null where none was. */
function modelChange(method: string, path: string): string | null {
  const [, project = '', id = '', verb] =
    /^\/p\/([^/]+)\/models\/(.+?)(?:\/(scale|sleep))?\/?$/.exec(path) ?? [];
  const named = modelParams.safeParse({ project, hf_model_id: decoded(id) });
  if (!named.success) return null;
  const { hf_model_id } = named.data;
  const at = `/p/${project}/models`;
  const body = (more: object = {}) => JSON.stringify({ hf_model_id, ...more });
  switch (method) {
    case 'DELETE':
      return `DELETE ${at} ${body()}`;
    case 'PUT':
    case 'PATCH':
      return `PUT ${at} ${body({ gpu_count: 1 })}`;
    case 'POST':
      if (verb === undefined) return `POST ${at} ${body()}`;
      return `POST ${at}/${verb} ${body(verb === 'scale' ? { replicas: 2 } : {})}`;
    default:
      return null;
  }
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

export function refuseUnknownPaths(): RequestHandler {
  return () => {
    throw new AppError(
      'not_found',
      'There is nothing at this path. /swagger/index.html lists what there is.',
    );
  };
}

function patternOf(template: string): RegExp {
  const source = template
    .replaceAll('.', '\\.')
    .replaceAll(/\{(hf_model_id|recipe_path)\}/g, '.+')
    .replaceAll(/\{\w+\}/g, '[^/]+');
  return new RegExp(`^${source}/?$`);
}
