import { describe, expect, it } from '@jest/globals';
import { useBothPaths } from '../../../test/both-paths.ts';
import { key } from '../../../test/harness.ts';
import { talkative } from '../../../test/talkative.ts';

const paths = useBothPaths(talkative);

const target = '/p/demo/openai/v1/chat/completions';
const body = '{"model":"a/b"}';
/** What an attacker wants somebody to take for a request. */
const evil = `POST ${target} HTTP/1.1\r\nhost: evil\r\nauthorization: Bearer ${key}\r\ncontent-length: 15\r\n\r\n${body}`;
const length = `content-length: ${body.length}\r\n`;
const chunked = 'transfer-encoding: chunked\r\n';
const chunks = `f\r\n${body}\r\n0\r\n\r\n`;
const line = `POST ${target} HTTP/1.1\r\n`;
const own = `host: x\r\nauthorization: Bearer ${key}\r\n`;

/** A request of which one thing is not as it should be. */
const post = (headers: string, rest = body) => `${line}${own}${headers}\r\n${rest}`;
const get = (headers: string, rest = '') =>
  `GET /p/demo/openai/v1/models HTTP/1.1\r\n${own}${headers}\r\n${rest}`;
const withLine = (first: string, headers = own + length) => `${first}\r\n${headers}\r\n${body}`;
const named = (name: string, value: string) => post(`${length}${name}${value}\r\n`);

type Case = readonly [name: string, bytes: string];

const framing: readonly Case[] = [
  ['a length and chunks', post(length + chunked, chunks)],
  ['chunks and a length', post(chunked + length, chunks)],
  ['a length of nothing and chunks', post(`content-length: 0\r\n${chunked}`, chunks)],
  ['chunks', post(chunked, chunks)],
  ['chunks in other letters', post('Transfer-Encoding: CHUNKED\r\n', chunks)],
  ['chunks with an extension', post(chunked, `f;a=b\r\n${body}\r\n0\r\n\r\n`)],
  ['chunks with an extension in quotes', post(chunked, `f;a="\r\n"\r\n${body}\r\n0\r\n\r\n`)],
  [
    'chunks with a long extension',
    post(chunked, `f;${'a'.repeat(20_000)}\r\n${body}\r\n0\r\n\r\n`),
  ],
  ['chunks with a bare line feed', post(chunked, `f\n${body}\r\n0\r\n\r\n`)],
  ['chunks that end in a bare line feed', post(chunked, `f\r\n${body}\n0\r\n\r\n`)],
  ['chunks whose last one ends in a bare line feed', post(chunked, `f\r\n${body}\r\n0\n\n`)],
  ['a size with 0x', post(chunked, `0xf\r\n${body}\r\n0\r\n\r\n`)],
  ['a size with a sign', post(chunked, `+f\r\n${body}\r\n0\r\n\r\n`)],
  ['a size below nothing', post(chunked, `-1\r\n${body}\r\n0\r\n\r\n`)],
  ['a size with blanks', post(chunked, `f \r\n${body}\r\n0\r\n\r\n`)],
  ['a size with an underscore', post(chunked, `f_0\r\n${body}\r\n0\r\n\r\n`)],
  ['a size beyond all bounds', post(chunked, `ffffffffffffffff1\r\n${body}\r\n0\r\n\r\n`)],
  ['no size', post(chunked, `\r\n${body}\r\n0\r\n\r\n`)],
  ['a chunk that is longer than it says', post(chunked, `5\r\n${body}\r\n0\r\n\r\n`)],
  ['chunks without an end', post(chunked, `f\r\n${body}\r\n`)],
  ['a trailer that is a length', post(chunked, `f\r\n${body}\r\n0\r\ncontent-length: 5\r\n\r\n`)],
  ['a trailer that breaks off', post(chunked, `f\r\n${body}\r\n0\r\nx\r\n\r\n`)],
  ['a coding with a tab', post('transfer-encoding:\tchunked\r\n', chunks)],
  ['a coding with a vertical tab', post('transfer-encoding: \x0bchunked\r\n', chunks)],
  ['a coding with a form feed', post('transfer-encoding: chunked\x0c\r\n', chunks)],
  ['a coding with a NUL', post('transfer-encoding: chunked\0\r\n', chunks)],
  ['a coding in quotes', post('transfer-encoding: "chunked"\r\n', chunks)],
  ['a coding with a comma', post('transfer-encoding: ,chunked\r\n', chunks)],
  ['a coding and a comma', post('transfer-encoding: chunked,\r\n', chunks)],
  ['a coding that nobody knows', post('transfer-encoding: xchunked\r\n', chunks)],
  ['a coding that nobody knows and a length', post(`transfer-encoding: xchunked\r\n${length}`)],
  ['identity', post(`transfer-encoding: identity\r\n${length}`)],
  ['two codings', post('transfer-encoding: gzip, chunked\r\n', chunks)],
  ['two codings, the wrong one last', post('transfer-encoding: chunked, gzip\r\n', chunks)],
  ['a coding twice', post(chunked + chunked, chunks)],
  ['another coding and chunks', post(`transfer-encoding: gzip\r\n${chunked}`, chunks)],
  ['no coding', post(`transfer-encoding:\r\n${length}`)],
  ['a coding behind a blank', post(`transfer-encoding : chunked\r\n${length}`)],
  ['a coding before a blank', post(` transfer-encoding: chunked\r\n${length}`)],
  ['a coding in a folded line', post(`transfer-encoding:\r\n chunked\r\n${length}`)],
  [
    'a coding folded into another header',
    post(`x: y\r\n\ttransfer-encoding: chunked\r\n${length}`),
  ],
  ['a coding behind a bare line feed', post(`x: y\ntransfer-encoding: chunked\r\n${length}`)],
  ['a coding behind a bare return', post(`x: y\rtransfer-encoding: chunked\r\n${length}`)],
  ['a coding with an underscore', post(`transfer_encoding: chunked\r\n${length}`)],
  ['a length with an underscore', post(`content_length: 3\r\n${length}`)],
  ['a coding that Connection names', post(`connection: transfer-encoding\r\n${chunked}`, chunks)],
  ['a length that Connection names', post(`connection: content-length\r\n${length}`)],
  ['two lengths', post(length + length)],
  ['two lengths that differ', post(`content-length: 3\r\n${length}`)],
  ['two lengths in other letters', post(`Content-Length: 3\r\n${length}`)],
  ['two lengths in one', post('content-length: 15, 15\r\n')],
  ['two lengths in one that differ', post('content-length: 15, 3\r\n')],
  ['a length with a plus', post('content-length: +15\r\n')],
  ['a length with a minus', post('content-length: -15\r\n')],
  ['a length below nothing', post('content-length: -0\r\n')],
  ['a length in hex', post('content-length: 0xf\r\n')],
  ['a length with a fraction', post('content-length: 15.0\r\n')],
  ['a length with an exponent', post('content-length: 15e0\r\n')],
  ['a length with an underscore in it', post('content-length: 1_5\r\n')],
  ['a length with zeros', post('content-length: 0015\r\n')],
  ['a length with a blank in it', post('content-length: 1 5\r\n')],
  ['a length with blanks behind it', post('content-length: 15  \r\n')],
  ['a length with blanks before it', post('content-length:   15\r\n')],
  ['a length with a tab', post('content-length:\t15\r\n')],
  ['a length with a NUL', post('content-length: 15\0\r\n')],
  ['a length with other digits', post('content-length: \xb2\r\n')],
  ['a length in quotes', post('content-length: "15"\r\n')],
  ['a length beyond all bounds', post('content-length: 99999999999999999999999\r\n')],
  ['a length that wraps around', post('content-length: 18446744073709551631\r\n')],
  ['a length beyond ours', post('content-length: 99999999\r\n')],
  ['no length where one is named', post('content-length:\r\n')],
  ['no length', post('')],
  ['a length of nothing, and a request behind', post('content-length: 0\r\n', evil)],
  ['a length that is too short', post('content-length: 10\r\n')],
  ['a body of what has none', get(length, body)],
  ['a request as a body of what has none', get(`content-length: ${evil.length}\r\n`, evil)],
  ['chunks of what has none', get(chunked, chunks)],
  ['a length of nothing of what has none', get('content-length: 0\r\n')],
  ['a compressed body', post(`content-encoding: gzip\r\n${length}`)],
  ['a body that is itself', post(`content-encoding: identity\r\n${length}`)],
  ['two hosts', post(`host: y\r\n${length}`)],
  ['the same host twice', post(`host: x\r\n${length}`)],
  ['no host', `${line}authorization: Bearer ${key}\r\n${length}\r\n${body}`],
  ['two keys', post(`authorization: Bearer other\r\n${length}`)],
  ['two ids', post(`x-request-id: 1\r\nx-request-id: 2\r\n${length}`)],
  ['two cookies', post(`cookie: a\r\ncookie: b\r\n${length}`)],
  ['Connection twice', post(`connection: close\r\nconnection: keep-alive\r\n${length}`)],
  ['Connection with two words', post(`connection: keep-alive, close\r\n${length}`)],
  ['Connection with a word of its own', post(`connection: x-mine\r\nx-mine: 1\r\n${length}`)],
  ['Connection in capitals', post(`Connection: CLOSE\r\n${length}`)],
  ['no word in Connection', post(`connection:\r\n${length}`)],
  ['an old header of connections', post(`proxy-connection: keep-alive\r\n${length}`)],
  ['Keep-Alive', post(`keep-alive: timeout=1\r\n${length}`)],
  ['TE', post(`te: trailers\r\nconnection: te\r\n${length}`)],
  ['a trailer that is announced', post(`trailer: x\r\n${length}`)],
  ['an expectation', post(`expect: 100-continue\r\n${length}`)],
  ['an expectation that nobody has', post(`expect: miracles\r\n${length}`)],
  ['an upgrade', post(`connection: upgrade\r\nupgrade: websocket\r\n${length}`)],
  ['an upgrade that Connection does not name', post(`upgrade: h2c\r\n${length}`)],
  [
    'HTTP/2 by upgrade',
    post(`connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AA\r\n${length}`),
  ],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
];

const words: readonly Case[] = [
  ['bare line feeds', post(length).replaceAll('\r\n', '\n')],
  ['a bare line feed behind the first line', post(length).replace('\r\n', '\n')],
  ['a bare line feed behind a header', post(`x: y\n${length}`)],
  ['a bare line feed at the end of the head', `${line}${own}${length}\n${body}`],
  ['bare returns', post(length).replaceAll('\r\n', '\r')],
  ['a bare return in a value', named('x: ', 'a\rb')],
  ['a bare return at the end of the head', `${line}${own}${length}\r${body}`],
  ['a return too many', post(`x: y\r\r\n${length}`)],
  ['a folded header', named('x: ', 'a\r\n b')],
  ['a folded header, by tab', named('x: ', 'a\r\n\tb')],
  ['a folded first header', `${line} x: y\r\n${own}${length}\r\n${body}`],
  ['a line of blanks', post(`   \r\n${length}`)],
  ['a blank in a name', named('x y: ', '1')],
  ['a blank behind a name', named('x : ', '1')],
  ['a tab behind a name', named('x\t: ', '1')],
  ['a blank behind the name of the length', post('content-length : 15\r\n')],
  ['no name', named(': ', '1')],
  ['no colon', named('x', '')],
  ['a name in brackets', named('(x): ', '1')],
  ['a name with a NUL', named('x\0: ', '1')],
  ['a name that is no ASCII', named('\xe9: ', '1')],
  ['a name of other signs', named("!#$%&'*+.^`|~: ", '1')],
  ['a name with an underscore', named('x_y: ', '1')],
  ['a value with a NUL', named('x: ', 'a\0b')],
  ['a value with DEL', named('x: ', 'a\x7fb')],
  ['a value with a control', named('x: ', 'a\x01b')],
  ['a value with a tab', named('x: ', 'a\tb')],
  ['a value behind a tab', named('x:\t', 'a')],
  ['a value behind two blanks', named('x:  ', 'a')],
  ['a value before a blank', named('x: ', 'a ')],
  ['a value before a tab', named('x: ', 'a\t')],
  ['a value that is no ASCII', named('x: ', '\xe9')],
  ['a value in UTF-8', named('x: ', '\xc3\xa9')],
  ['blanks for a value', named('x:', '   ')],
  ['an empty line before it', `\r\n${post(length)}`],
  ['empty lines before it', `\r\n\r\n\r\n${post(length)}`],
  ['a bare line feed before it', `\n${post(length)}`],
  ['a blank before it', ` ${post(length)}`],
  ['a NUL before it', `\0${post(length)}`],
  ['the mark of an order of bytes', `\xef\xbb\xbf${post(length)}`],
  ['small letters', withLine(`post ${target} HTTP/1.1`)],
  ['a method that goes on', withLine(`POSTS ${target} HTTP/1.1`)],
  ['a method that nobody knows', withLine(`POUR ${target} HTTP/1.1`)],
  ['another method', withLine(`PUT ${target} HTTP/1.1`)],
  ['HEAD', `HEAD /health HTTP/1.1\r\n${own}\r\n`],
  ['TRACE', `TRACE ${target} HTTP/1.1\r\n${own}\r\n`],
  ['CONNECT', `CONNECT x:1 HTTP/1.1\r\n${own}\r\n`],
  ['two blanks behind the method', withLine(`POST  ${target} HTTP/1.1`)],
  ['a tab behind the method', withLine(`POST\t${target} HTTP/1.1`)],
  ['two blanks behind the target', withLine(`POST ${target}  HTTP/1.1`)],
  ['a tab behind the target', withLine(`POST ${target}\tHTTP/1.1`)],
  ['a blank behind the version', withLine(`POST ${target} HTTP/1.1 `)],
  ['a blank in the target', withLine(`POST ${target} x HTTP/1.1`)],
  ['no version', withLine(`POST ${target}`)],
  ['HTTP/1.0', withLine(`POST ${target} HTTP/1.0`)],
  [
    'HTTP/1.0 that stays',
    withLine(`POST ${target} HTTP/1.0`, `${own}connection: keep-alive\r\n${length}`),
  ],
  ['HTTP/1.2', withLine(`POST ${target} HTTP/1.2`)],
  ['HTTP/2.0', withLine(`POST ${target} HTTP/2.0`)],
  ['HTTP/01.1', withLine(`POST ${target} HTTP/01.1`)],
  ['HTTP/1.10', withLine(`POST ${target} HTTP/1.10`)],
  ['http/1.1', withLine(`POST ${target} http/1.1`)],
  ['ICE', withLine(`POST ${target} ICE/1.1`)],
  ['a target with a host', withLine(`POST http://y${target} HTTP/1.1`)],
  ['a target with no host', withLine(`POST http://${target} HTTP/1.1`)],
  ['a target of a host', withLine('POST y:80 HTTP/1.1')],
  ['a target of stars', `OPTIONS * HTTP/1.1\r\n${own}\r\n`],
  ['a target of a star', withLine('POST * HTTP/1.1')],
  ['no target', withLine('POST  HTTP/1.1')],
  ['a target without a path', withLine('POST ?x HTTP/1.1')],
  ['a target with percents', withLine('POST /p/d%65mo/openai/v1/chat/completions HTTP/1.1')],
  ['a target with a broken percent', withLine('POST /p/d%zz/openai/v1/chat/completions HTTP/1.1')],
  [
    'a target with a slash in percents',
    withLine('POST /p/demo%2Fopenai/v1/chat/completions HTTP/1.1'),
  ],
  ['a target with a fragment', withLine(`POST ${target}#x HTTP/1.1`)],
  ['a target with a backslash', withLine('POST /p/demo\\openai/v1/chat/completions HTTP/1.1')],
  ['a target with a NUL', withLine(`POST ${target}\0 HTTP/1.1`)],
  ['a target that is no ASCII', withLine('POST /p/d\xe9mo/openai/v1/chat/completions HTTP/1.1')],
  ['a target with a plus', withLine(`POST ${target}?a=b+c HTTP/1.1`)],
  ['a target with quotes', withLine(`POST ${target}?a="b" HTTP/1.1`)],
  ['a target with two slashes', withLine(`POST /${target} HTTP/1.1`)],
  ['a target with a way up', withLine('POST /p/demo/../demo/openai/v1/chat/completions HTTP/1.1')],
  ['a target that goes on', withLine(`POST ${target}/ HTTP/1.1`)],
  ['a target beyond all bounds', withLine(`POST ${target}?${'x'.repeat(20_000)} HTTP/1.1`)],
  ['what is for the api', `GET /p HTTP/1.1\r\n${own}\r\n`],
  ['what is nowhere', withLine('POST /p/demo/openai/v1/responses HTTP/1.1')],
  ['a host with a comma', withLine(`POST ${target} HTTP/1.1`, `host: x, y\r\n${length}`)],
  ['a host with a path', withLine(`POST ${target} HTTP/1.1`, `host: x/y\r\n${length}`)],
  ['a host with a user', withLine(`POST ${target} HTTP/1.1`, `host: u@x\r\n${length}`)],
  ['a host without a name', withLine(`POST ${target} HTTP/1.1`, `host:\r\n${length}`)],
  ['a host of blanks', withLine(`POST ${target} HTTP/1.1`, `host: x y\r\n${length}`)],
  ['100 headers', post(`${'x: y\r\n'.repeat(100)}${length}`)],
  ['3000 headers', post(`${'x:\r\n'.repeat(3000)}${length}`)],
  ['a head of 12 KB', post(`x: ${'y'.repeat(12_000)}\r\n${length}`)],
  ['a head of 20 KB', post(`x: ${'y'.repeat(20_000)}\r\n${length}`)],
  ['something else', 'hello\r\n\r\n'],
  ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ['a PROXY line', `PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n${post(length)}`],
];

const behind: readonly Case[] = [
  ['another one', post(length) + post(length)],
  ['two others', post(length) + post(length) + get('')],
  ['one for the api', `${post(length)}GET /p HTTP/1.1\r\nhost: x\r\n\r\n`],
  ['something else', `${post(length)}GARBAGE\r\n\r\n`],
  ['an empty line', `${post(length)}\r\n`],
  ['a NUL', `${post(length)}\0`],
  ['half of another one', post(length) + line],
  ['another one behind the last', post(`connection: close\r\n${length}`) + post(length)],
  ['something else behind the last', `${post(`connection: close\r\n${length}`)}GARBAGE\r\n\r\n`],
  ['another one behind a model list', get('') + post(length)],
  ['another one behind one that is refused', post('content-length: 0\r\n', '') + post(length)],
];

const understood: readonly Case[] = [
  ['as it should be', post(length)],
  ['a length without a blank', post('content-length:15\r\n')],
  ['a length of nothing', post('content-length: 0\r\n', '')],
  ['a request for a body', post(`content-length: ${evil.length}\r\n`, evil)],
  ['NULs for a body', post(length, '\0'.repeat(body.length))],
  ['ends of lines for a body', post('content-length: 8\r\n', '\r\n\r\n\r\n\r\n')],
  ['chunks for a body', post(`content-length: ${chunks.length}\r\n`, chunks)],
  ['headers of any name', named('X-Content-Length: ', '3')],
  ['a header that only looks like the coding', named('Transfer-Encodings: ', 'chunked')],
  ['a value that looks like a header', named('x: ', 'content-length: 3')],
  ['a value that looks like a request', named('x: ', line.trim())],
  ['a way up that leads nowhere', withLine('POST /p/../openai/v1/chat/completions HTTP/1.1')],
  ['no blank behind a colon', named('x:', 'y')],
  ['no value', named('x:', '')],
  ['a blank for a value', named('x:', ' ')],
];

describe('a request that could be read in two ways', () => {
  it.each([...framing, ...words])(
    'is read in one by both, and not by the front: %s',
    async (_, bytes) => {
      const { front, node, handedOver } = await paths.send([bytes]);
      expect(front).toEqual(node);
      expect(handedOver).not.toBeNull();
    },
  );

  it.each(behind)('is followed by none that only one of both sees: %s', async (_, bytes) => {
    const { front, node, handedOver } = await paths.send([bytes]);
    expect(front).toEqual(node);
    expect(handedOver).toBe('pipelined');
  });

  it.each([...framing, ...words])(
    'is none behind one that was read by the front: %s',
    async (_, bytes) => {
      const { front, node, handedOver } = await paths.send([post(length)], [bytes]);
      expect(front).toEqual(node);
      expect(handedOver).not.toBeNull();
      expect(front.read).toMatch(/^HTTP\/1\.1 200 /);
    },
  );
});

describe('a request that can be read in one way only', () => {
  it.each(understood)('is read by the front: %s', async (_, bytes) => {
    const { front, node, handedOver } = await paths.send([bytes]);
    expect(front).toEqual(node);
    expect(handedOver).toBeNull();
  });
});
