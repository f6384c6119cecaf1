import { describe, expect, it } from '@jest/globals';
import { plainAsking } from './candidates/asking.ts';
import { answers, expectedOf, parseShape, requestBytes, sumOf } from './wire.ts';

describe('what goes over the wire', () => {
  it.each([300, 2048, 102_400])('a request has a body of %i bytes', (size) => {
    const request = requestBytes('json', size, plainAsking).toString('latin1');
    const [head = '', body = ''] = request.split('\r\n\r\n');
    expect(body).toHaveLength(size);
    expect(head).toContain(`content-length: ${size}`);
    expect(JSON.parse(body)).toMatchObject({ model: 'org/model', stream: false });
  });

  it('an answer has 500 bytes', () => {
    expect(answers.json).toHaveLength(500);
    expect(expectedOf('json')).toMatchObject({ stream: false, least: 500, most: 500 });
  });

  it('the sum of an answer is that of its parts, whatever time stands in it', () => {
    const [event, done] = [Buffer.from(answers.event), Buffer.from(answers.done)];
    const timed = Buffer.from(answers.event.replace('t=00', 't=97'));
    expect(expectedOf('stream-2-10').sum).toBe(sumOf(done, sumOf(timed, sumOf(event))));
    expect(expectedOf('stream-2-10').sum).not.toBe(expectedOf('stream-3-10').sum);
    expect(expectedOf('stream-100000-20').sum).toBeUndefined();
  });

  it.each([
    ['json', { events: 0, gapMs: 0, bytes: 0 }],
    ['stream-64-10', { events: 64, gapMs: 10, bytes: 0 }],
    ['bytes-4096', { events: 0, gapMs: 0, bytes: 4096 }],
  ] as const)('%s says what is wanted', (shape, wanted) => {
    expect(parseShape(shape)).toEqual(wanted);
    expect(requestBytes(shape, 300, plainAsking).toString()).toContain(`shape=${shape} `);
  });
});
