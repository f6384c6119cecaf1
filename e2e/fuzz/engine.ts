import { createServer, type Socket } from 'node:net';
import { type Behind, openBehind } from './behind.ts';
import { answerOffer, isOffer, offerFault } from './session.ts';

const headEnd = '\r\n\r\n';
const chunk = (content: string): string =>
  `data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"${content}"}}]}\n\n`;

/** An engine that takes only what a careful client would write, and says whose request it was. */
export async function startEngine(): Promise<Behind> {
  const seen: string[] = [];
  const problems: string[] = [];
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    converse(socket, { seen, problems });
  });
  return await openBehind(server, { seen, problems });
}

function converse(socket: Socket, { seen, problems }: Pick<Behind, 'seen' | 'problems'>): void {
  let pending = '';
  const take = (bytes: Buffer): void => {
    pending += bytes.toString('latin1');
    for (let size = sizeOf(pending); size !== null; size = sizeOf(pending)) {
      if (size === 'strange') {
        problems.push(`an engine was sent ${JSON.stringify(pending.slice(0, 500))}`);
        socket.destroy();
        return;
      }
      const request = pending.slice(0, size);
      pending = pending.slice(size);
      seen.push(request);
      if (isOffer(request)) {
        // All that comes from here on is the session's, and nothing may have come yet.
        if (pending !== '') problems.push(`an engine was sent ${pending.length} bytes early`);
        socket.off('data', take);
        answerOffer(socket, request, whoseOf(request));
        return;
      }
      socket.write(answerTo(request), 'latin1');
    }
  };
  socket.on('data', take);
}

/** @returns bytes of the first request; null while it is not complete */
function sizeOf(text: string): number | 'strange' | null {
  if (text === '') return null;
  const end = text.indexOf(headEnd);
  if (end === -1) return mayBegin(text) ? null : 'strange';
  if (text.startsWith('GET ')) {
    const head = text.slice(0, end + headEnd.length);
    return head.startsWith('GET /v1/realtime?') && offerFault(head) === null
      ? head.length
      : 'strange';
  }
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const lengths = lines.filter((line) => /^content-length:/i.test(line));
  const length = /^content-length: (\d+)$/i.exec(lengths[0] ?? '')?.[1];
  const isProper =
    /^POST \/v1\/[!-~]* HTTP\/1\.1$/.test(first) &&
    lines.every((line) => /^[!#$%&'*+.^_`|~0-9A-Za-z-]+: ?[\t -~\x80-\xff]*$/.test(line)) &&
    !lines.some((line) => /^(?:transfer-encoding|expect|upgrade):/i.test(line)) &&
    lengths.length === 1;
  if (!isProper || length === undefined) return 'strange';
  const size = end + headEnd.length + Number(length);
  return text.length < size ? null : size;
}

function mayBegin(text: string): boolean {
  return ['POST ', 'GET '].some((word) => text.startsWith(word.slice(0, text.length)));
}

/** The mark of the request, without what the proxy adds to it. */
function whoseOf(request: string): string {
  const id = /\r\nx-request-id: ([^\r]*)/i.exec(request)?.[1] ?? '';
  const mark = id.replace(/-[0-9a-f]{8}$/, '');
  return mark.startsWith('req_') ? 'nobody' : mark;
}

/** All of it in one write, so that it is passed on alike however busy the machine is. */
function answerTo(request: string): string {
  const whose = whoseOf(request);
  const body = request.slice(request.indexOf(headEnd) + headEnd.length);
  if (!/"stream" *: *true/.test(body)) {
    const text = `{"object":"chat.completion","choices":[],"whose":"${whose}"}`;
    return `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${text.length}${headEnd}${text}`;
  }
  const text = `${chunk(whose)}${chunk('more')}data: [DONE]\n\n`;
  return `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked${headEnd}${text.length.toString(16)}\r\n${text}\r\n0${headEnd}`;
}
