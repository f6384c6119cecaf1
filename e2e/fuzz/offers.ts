import fc from 'fast-check';
import { key } from '../../services/proxy/test/harness.ts';
import { mutated } from '../../services/proxy/test/odd-requests.ts';
import { cutAt, host, places } from './packets.ts';

// Offers of WebSocket (RFC 6455 §4.1), well made and badly, and what is around them on a connection. All of latin1.

const version = 'sec-websocket-version: 13\r\n';
const nonce = 'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
const wanted = 'connection: Upgrade\r\nupgrade: websocket\r\n';
const whole = wanted + version + nonce;
const authorization = `authorization: Bearer ${key}\r\n`;
const realtime = '/p/demo/openai/v1/realtime?model=a/b';

/** What is asked for. Engine and api refuse where they are told so, and else say as many bytes again as is told. */
const targets = [
  ...[realtime, `${realtime}&refuse=1`, `${realtime}&echo=1000`, `http://x${realtime}`],
  ...['/x', '/p/demo/sessions?refuse=1', '/p?echo=1000', '//x', '/p/demo/openaix', '/x#y'],
] as const;
const oddTargets = [
  ...['/p/demo/openai/v1/realtime', `${realtime.slice(0, -3)}unknown`, `${realtime}#x`, '*', 'x:1'],
  ...['/p/d%65mo/openai/v1/realtime?model=a/b', '/p/d%zz/openai/v1/realtime', '/health', '/x"<>y'],
  '/p/demo/openai/v1/models',
] as const;
const wellMade = [
  whole,
  nonce + version + wanted,
  `Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n${version}${nonce}`,
  `${whole}sec-websocket-protocol: realtime, openai-insecure-api-key.${key}\r\n`,
  `${whole}sec-websocket-extensions: permessage-deflate\r\ncookie: a=b\r\n`,
] as const;
const badlyMade = [
  `upgrade: websocket\r\n${version}${nonce}`,
  `connection: upgrade\r\nupgrade: h2c\r\n${version}${nonce}`,
  `connection: upgrade\r\nupgrade: websocket, h2c\r\n${version}${nonce}`,
  `connection: close\r\nupgrade: websocket\r\n${version}${nonce}`,
  `${wanted}${nonce}sec-websocket-version: 8\r\n`,
  `${wanted}${nonce}sec-websocket-version: 13, 8\r\n`,
  wanted + nonce,
  wanted + version,
  `${wanted}${version}sec-websocket-key: AAAA\r\n`,
  whole + nonce,
  `${whole}upgrade: h2c\r\n`,
  `${whole}content-length: 0\r\n`,
  `${whole}content-length: 5\r\n`,
  `${whole}transfer-encoding: chunked\r\n`,
  `${whole}expect: 100-continue\r\n`,
  `${whole}connection: close\r\n`,
  `${whole}host: y\r\n`,
] as const;

function offer(target: string, lines: string, method = 'GET', protocol = 'HTTP/1.1'): string {
  return `${method} ${target} ${protocol}\r\n${host}${authorization}${lines}\r\n`;
}

const goodOffer = fc.tuple(fc.constantFrom(...targets), fc.constantFrom(...wellMade));
const taken = goodOffer.map(([target, lines]) => offer(target, lines));
const badOffer = fc.oneof(
  fc
    .tuple(fc.constantFrom(...targets), fc.constantFrom(...badlyMade))
    .map(([target, lines]) => offer(target, lines)),
  fc.constantFrom(...oddTargets).map((target) => offer(target, whole)),
  fc.constantFrom('POST', 'HEAD', 'PUT', 'get').map((method) => offer(realtime, whole, method)),
  fc.constantFrom('HTTP/1.0', 'HTTP/1.2').map((protocol) => offer('/x', whole, 'GET', protocol)),
);

/** What comes behind one: frames, and what somebody could take for requests. */
const behind = fc.constantFrom(
  ...['\x81\x85\0\0\0\0hello', '\x88\x80\0\0\0\0', '\r\n', '\0', 'y'.repeat(5000)],
  ...[`GET /p HTTP/1.1\r\n${host}\r\n`, 'HTTP/1.1 200 OK\r\n\r\n', offer('/x', whole)],
);
const mostlyNothing = fc.oneof(
  { arbitrary: fc.constant(''), weight: 3 },
  { arbitrary: behind, weight: 1 },
);

/** Without a mark, so that its length is known. */
const small = 'GET /health HTTP/1.1\r\nhost: y\r\n';
/** The answers to these are the last ones of their connections, or made so. */
const lastOnes = [
  `${small}connection: close\r\n\r\n`,
  `${small}upgrade: x\r\n\r\n`,
  `${small}upgrade: websocket\r\nconnection: upgrade\r\n\r\n`,
  `GET /health HTTP/1.0\r\nhost: y\r\n\r\n`,
  `${small}expect: miracles\r\n\r\n`,
] as const;
const plainOnes = [
  `${small}\r\n`,
  `PATCH /health HTTP/1.1\r\nhost: y\r\ncontent-length: 0\r\n\r\n`,
  `GET /p HTTP/1.1\r\n${host}\r\n`,
  `POST /p/demo/openai/v1/embeddings HTTP/1.1\r\n${host}${authorization}content-length: 15\r\n\r\n{"model":"a/b"}`,
] as const;
const before = fc.array(fc.constantFrom(...plainOnes, ...lastOnes), { maxLength: 3 });
const plainTurns = fc.array(
  fc.constantFrom(...plainOnes).map((text) => [text]),
  { maxLength: 2 },
);

/** So much Node reads at once: what is behind it comes in another turn of its parser. */
const readBytes = 65_536;

/** Requests that are read at once, and no byte more, the last of them this one. */
function readAtOnce(last: string, bytes = readBytes): string {
  const many = 8;
  const size = Math.floor((bytes - last.length) / many);
  const padded = (length: number): string =>
    `${small}x: ${'y'.repeat(length - small.length - 'x: \r\n\r\n'.length)}\r\n\r\n`;
  const rest = bytes - last.length - size * (many - 1);
  return padded(size).repeat(many - 1) + padded(rest) + last;
}

type Turns = readonly (readonly string[])[];

/** What failed once: behind an answer made last, and what is not looked at, in the next read of the same turn. */
export const fixedOffers: readonly Turns[] = lastOnes.map((last) => [
  [plainOnes[1]],
  [readAtOnce(last) + plainOnes[0] + offer('/x', whole)],
]);

const large: fc.Arbitrary<Turns> = fc
  .record({
    turns: plainTurns,
    last: fc.constantFrom('', ...plainOnes.slice(0, 2), ...lastOnes),
    more: fc.constantFrom(0, 0, 0, -1, 1, -40),
    between: fc.array(fc.constantFrom(...plainOnes, ...lastOnes), { maxLength: 2 }),
    last101: taken,
    end: mostlyNothing,
  })
  .map(({ turns, last, more, between, last101, end }) => [
    ...turns,
    [readAtOnce(last, readBytes + more) + between.join('') + last101 + end],
  ]);

/** The turns of a connection that offers WebSocket. What is mutated may have lost its mark: it goes out in one packet. */
export const offering: fc.Arbitrary<Turns> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(plainTurns, taken, mostlyNothing, fc.array(behind, { maxLength: 2 }))
      .map(([first, text, end, said]) => [...first, [text + end], ...said.map((one) => [one])]),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(plainTurns, before, fc.oneof(taken, badOffer), mostlyNothing)
      .map(([first, front, text, end]) => [...first, [front.join('') + text + end]]),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(before, taken, mostlyNothing, places)
      .map(([front, text, end, at]) => [cutAt(front.join('') + text + end, at)]),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(plainTurns, badOffer).map(([first, text]) => [...first, [text]]),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(plainTurns, mutated(fc.oneof(taken, badOffer)), mostlyNothing)
      .map(([first, text, end]) => [...first, [text + end]]),
  },
  { weight: 1, arbitrary: fc.constantFrom(...fixedOffers) },
  { weight: 1, arbitrary: large },
);
