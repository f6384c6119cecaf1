import { describe, expect, it } from '@jest/globals';
import { badAnswers, goodAnswers, refusedByUs } from '../../../test/answer-corpus.ts';
import { readByNode } from '../../../test/node-client.ts';
import { cutAt, parse } from '../../../test/parsed.ts';

const places = (text: string) => Array.from({ length: text.length }, (_, at) => at);
const bytesOf = (text: string) => [Buffer.from(text, 'latin1')];

describe('an answer that is one', () => {
  it.each(goodAnswers)('is read as by node:http, wherever it is cut: %s', async (_, text) => {
    const whole = await readByNode(bytesOf(text));
    expect(whole.complete).toBe(true);
    for (const at of places(text)) {
      const cut = cutAt(text, at);
      expect(parse(cut)).toEqual(whole);
      expect(await readByNode(cut)).toEqual(whole);
    }
  });

  it.each(goodAnswers)('is complete for us when it is for node:http: %s', async (_, text) => {
    for (const at of places(text)) {
      const begun = bytesOf(text.slice(0, at));
      expect([at, parse(begun)]).toEqual([at, await readByNode(begun)]);
    }
  });

  it.each(goodAnswers)('is read the same byte by byte: %s', (_, text) => {
    expect(parse([...text].flatMap(bytesOf))).toEqual(parse(bytesOf(text)));
  });

  it.each(goodAnswers)('has no body when it answers a HEAD: %s', async (_, text) => {
    const [head = ''] = /^(HTTP\/1.1 1.*?\r\n\r\n)*.*?\r\n\r\n/s.exec(text) ?? [];
    const bytes = bytesOf(head);
    expect(parse(bytes, true)).toEqual(await readByNode(bytes, 'HEAD'));
  });
});

describe('an answer that is none', () => {
  it.each(badAnswers)('is refused as by node:http, wherever it is cut: %s', async (_, text) => {
    const { complete, status } = await readByNode(bytesOf(text));
    expect(complete).toBe(false);
    for (const at of places(text))
      expect(parse(cutAt(text, at))).toMatchObject({ complete, status });
  });

  it.each(badAnswers)('brings no more of its body than what was one: %s', async (_, text) => {
    const { body } = await readByNode(bytesOf(text));
    for (const at of places(text)) expect(parse(cutAt(text, at)).body).toBe(body);
  });
});

describe('an answer that llhttp takes', () => {
  it.each(refusedByUs)('is refused by us all the same: %s', async (_, text) => {
    expect((await readByNode(bytesOf(text))).complete).toBe(true);
    for (const at of places(text)) expect(parse(cutAt(text, at)).complete).toBe(false);
  });
});
