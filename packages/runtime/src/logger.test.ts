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
        calls: [{ to: { engine: { Authorization: planted, deep: { token: planted } } } }],
      },
      'request',
    );
    logger
      .child({ apiKey: planted })
      .child({ at: { token: planted } })
      .warn('child');
    logger.error(
      { err: new Error('connect failed', { cause: new Error(`postgres://app:${planted}@db/x`) }) },
      'store',
    );
    expect(text()).not.toContain(planted);
    expect(text()).toContain('[secret]');
  });

  test('leaves the fields that it was given as they were', () => {
    const { logger, last } = capture();
    const fields = { nested: { token: 'PLANTED', list: [1, 2] }, empty: null, apiKey: undefined };
    logger.info(fields, 'request');
    expect(fields.nested.token).toBe('PLANTED');
    expect(last()).toMatchObject({ nested: { token: '[secret]', list: [1, 2] }, empty: null });
  });

  test('costs microseconds of CPU a line', () => {
    const logger = createLogger({ service: 'api', destination: { write: () => undefined } });
    const lines = 20_000;
    const before = process.cpuUsage();
    for (let i = 0; i < lines; i += 1) {
      logger.info(
        { requestId: 'r1', modelId: 'm1', status: 200, ttfbMs: 12.3, nested: { a: i } },
        'request',
      );
    }
    const { user, system } = process.cpuUsage(before);
    // About 15; with a pattern of pino's own redaction for every name and depth it was 300.
    expect((user + system) / lines).toBeLessThan(150);
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
