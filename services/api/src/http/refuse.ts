import type { Endpoint } from '@wakefield/contracts';
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
    throw new AppError('method_not_allowed', `This path takes ${allowed}, not ${req.method}.`);
  };
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
    .replaceAll('{hf_model_id}', '.+')
    .replaceAll(/\{\w+\}/g, '[^/]+');
  return new RegExp(`^${source}/?$`);
}
