import { Writable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { createLogger } from './logger.ts';

function capture() {
  const lines: string[] = [];
  const destination = new Writable({
    write: (chunk, _encoding, done) => {
      lines.push(String(chunk));
      done();
    },
  });
  const logger = createLogger({ service: 'api', level: 'debug', destination });
  return { logger, text: () => lines.join(''), last: () => JSON.parse(lines.at(-1) ?? '{}') };
}

describe('createLogger', () => {
  test('writes one JSON object with service, level name and ISO time', () => {
    const { logger, last } = capture();
    logger.info({ modelId: 'm1' }, 'model woken');
    expect(last()).toMatchObject({
      service: 'api',
      level: 'info',
      msg: 'model woken',
      modelId: 'm1',
    });
    expect(new Date(last().time).getTime()).not.toBeNaN();
  });

  test('never writes planted secrets, prompts or completions', () => {
    const { logger, text } = capture();
    const planted = 'PLANTED';
    logger.info(
      {
        authorization: `Bearer ${planted}`,
        req: { headers: { authorization: planted, cookie: planted } },
        endpoint: { engineKey: planted },
        body: { messages: [{ role: 'user', content: planted }], prompt: planted },
        submission: { secretFiles: { key: planted } },
      },
      'request',
    );
    logger.child({ apiKey: planted }).warn('child');
    logger.error(
      { err: new Error('connect failed', { cause: new Error(`postgres://app:${planted}@db/x`) }) },
      'store',
    );
    expect(text()).not.toContain(planted);
    expect(text()).toContain('[secret]');
  });

  test('keeps the whole chain of causes', () => {
    const { logger, last } = capture();
    const refused = Object.assign(new Error('connect ECONNREFUSED ::1:1'), {
      code: 'ECONNREFUSED',
    });
    const cause = new AggregateError([refused]);
    logger.error({ err: new Error('cannot read routes', { cause }) }, 'route sweep failed');
    expect(last().err).toMatchObject({
      type: 'Error',
      message: 'cannot read routes',
      cause: { type: 'AggregateError', errors: [{ code: 'ECONNREFUSED' }] },
    });
    expect(last().err.stack).toContain('logger.test.ts');
  });

  test('survives a cause that is its own cause, and things that are no errors', () => {
    const { logger, last } = capture();
    const loop = new Error('loop');
    loop.cause = loop;
    logger.error({ err: loop }, 'loop');
    expect(JSON.stringify(last().err).split('"message":"loop"')).toHaveLength(6);
    logger.error({ err: { odd: 1n } }, 'odd');
    expect(last().err).toMatchObject({ type: 'object', message: 'not printable' });
    logger.error(new Error('bare'), 'thrown alone');
    expect(last().err.message).toBe('bare');
  });
});
