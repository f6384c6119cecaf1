import type { RequestHandler } from 'express';

const foreignStyle = /<link\b[^>]*\bhref="https?:\/\/[^>]*>\s*/g;

/**
 * Takes the styles of other sites out of Bull Board's page (index.ejs of @bull-board/ui links Google's fonts): the
 * content security policy refuses them, a browser would complain on every page, and a closed site has no way there.
 */
export function dropForeignStyles(): RequestHandler {
  return (_req, res, next) => {
    const send = res.send.bind(res);
    res.send = (body: unknown) =>
      send(typeof body === 'string' ? body.replaceAll(foreignStyle, '') : body);
    next();
  };
}
