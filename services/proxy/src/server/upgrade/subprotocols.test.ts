import { describe, expect, it } from '@jest/globals';
import { chooseOurs, readSubprotocols } from './subprotocols.ts';

const name = 'Sec-WebSocket-Protocol';
const prefix = 'openai-insecure-api-key.';

describe('the subprotocols of an offer', () => {
  it.each([
    ['realtime, openai-insecure-api-key.sk-1', 'sk-1', 'realtime'],
    ['openai-insecure-api-key.sk-1', 'sk-1', null],
    ['a,b', null, 'a, b'],
    ['realtime, openai-insecure-api-key.', null, 'realtime'],
    ['openai-insecure-api-key.a b', null, null],
    ['openai-insecure-api-key.a, openai-insecure-api-key.b', null, null],
  ])('%s', (value, key, rest) => {
    const read = readSubprotocols(['host', 'x', name.toLowerCase(), value, 'x', 'y']);
    expect(read.key).toBe(key);
    const others = rest === null ? [] : [name, rest];
    expect(read.rawHeaders).toEqual(['host', 'x', 'x', 'y', ...others]);
    expect(JSON.stringify(read.rawHeaders)).not.toContain(prefix);
  });

  it('may stand in several lines', () => {
    const read = readSubprotocols([name, `${prefix}k`, name, 'realtime']);
    expect(read).toMatchObject({ key: 'k', wantsOurs: true, rawHeaders: [name, 'realtime'] });
  });
});

describe('the subprotocol that is chosen', () => {
  const offered = readSubprotocols([name, 'realtime']);
  it('is ours where the engine chooses none, and ours was offered', () => {
    const headers = ['a', 'b'];
    chooseOurs(headers, offered);
    expect(headers).toEqual(['a', 'b', 'sec-websocket-protocol', 'realtime']);
  });

  it('is the engine’s where it chooses', () => {
    const headers = ['sec-websocket-protocol', 'other'];
    chooseOurs(headers, offered);
    expect(headers).toEqual(['sec-websocket-protocol', 'other']);
  });

  it('is none where none was offered', () => {
    const headers = ['a', 'b'];
    chooseOurs(headers, readSubprotocols(['x', 'realtime']));
    expect(headers).toEqual(['a', 'b']);
  });
});
