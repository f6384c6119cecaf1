/** How pages send their key, which cannot write headers of an offer (OpenAI's `OpenAIRealtimeWebSocket`). */
const keyPrefix = 'openai-insecure-api-key.';
/** What those pages speak, as the door does. */
const ours = 'realtime';
const header = 'sec-websocket-protocol';
/** What RFC 6455 §4.1 lets a subprotocol consist of (a token of RFC 9110 §5.6.2). */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** What a client offers to speak inside of WebSocket. */
export interface Subprotocols {
  /** The key that came among them; null: none, or something that is no key. */
  readonly key: string | null;
  /** Whether it wants an answer to be chosen that we speak. */
  readonly wantsOurs: boolean;
  /** The headers of the offer without keys. */
  readonly rawHeaders: readonly string[];
}

/** @param rawHeaders names and values by turns */
export function readSubprotocols(rawHeaders: readonly string[]): Subprotocols {
  const offered: string[] = [];
  const rest: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const value = rawHeaders[index + 1] ?? '';
    if (name.toLowerCase() !== header) rest.push(name, value);
    else offered.push(...value.split(',').map((one) => one.trim()));
  }
  const keys = offered.filter((one) => one.startsWith(keyPrefix));
  const others = offered.filter((one) => !one.startsWith(keyPrefix));
  if (others.length > 0) rest.push('Sec-WebSocket-Protocol', others.join(', '));
  const key = keys.length === 1 ? (keys[0]?.slice(keyPrefix.length) ?? '') : '';
  return {
    key: token.test(key) ? key : null,
    wantsOurs: others.includes(ours),
    rawHeaders: rest,
  };
}

/**
 * Chooses for an engine that chooses none, as vLLM does: a page that has offered some takes no session without
 * (WHATWG WebSockets §4.1).
 * @param headers of the engine's answer, changed in place
 */
export function chooseOurs(headers: string[], { wantsOurs }: Subprotocols): void {
  const isChosen = headers.some((name, index) => index % 2 === 0 && name.toLowerCase() === header);
  if (wantsOurs && !isChosen) headers.push(header, ours);
}
