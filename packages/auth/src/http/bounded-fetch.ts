const longestBody = 1_048_576;

/** As the global one, but with an end: in time, in bytes, and never anywhere else than asked. */
export type Fetch = (url: string, init: RequestInit, timeoutMs: number) => Promise<Response>;

/**
 * Fetches and reads the whole answer. A redirect is an error: a token must not be carried on to another place.
 * @throws where nothing complete comes within the time, or more than 1 MiB does
 */
export const boundedFetch: Fetch = async (url, init, timeoutMs) => {
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
  const answer = await fetch(url, { ...init, redirect: 'error', signal });
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body ?? []) {
    size += chunk.byteLength;
    if (size > longestBody) throw new Error('the answer is too large');
    chunks.push(chunk);
  }
  const { status, statusText, headers } = answer;
  const empty = status === 204 || status === 205 || status === 304;
  return new Response(empty ? null : Buffer.concat(chunks), { status, statusText, headers });
};
